"""What `hookline doctor` looks at. Each check says what it found and how to mend it."""

import shutil
import socket
import sqlite3
import stat
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
from sqlalchemy import func, select, text

from hookline.carriers import store as sql
from hookline.carriers.kinds import CALLS_ONLY
from hookline.carriers.live_state import CarrierRow, LinkView, link_view
from hookline.cli.doctor_calls import examine_calls
from hookline.clock import SystemClock
from hookline.errors import HooklineError
from hookline.outbound.mail import MailServerUnusable, check_mail_server
from hookline.outbound.sealing import KEY_FILE
from hookline.settings import Settings
from hookline.storage.database import Database, open_database
from hookline.storage.migrate import head_revision, is_current
from hookline.storage.schema import accounts, carriers, numbers
from hookline.telemetry.findings import Finding

_FREE_BYTES_MIN = 500 * 2**20
_CLOCK_DRIFT_MAX_MS = 5_000
_SQLITE_MIN = (3, 35, 0)
_POSTGRES_MIN = 150_000


async def examine() -> list[Finding]:
    """All findings; a check that cannot run is itself a finding."""
    settings = Settings()
    findings = [_disk(settings), _key(settings), _port(settings)]
    findings.append(await _mail(settings))
    findings.append(await _guarded("schema", lambda: _schema(settings)))
    if all(finding.is_ok for finding in findings if finding.subject == "schema"):
        database = open_database(settings)
        try:
            for subject, check in _DATABASE_CHECKS.items():
                findings.append(await _guarded(subject, lambda c=check: c(database)))  # type: ignore[misc]  # bound now
            rows = await database.read(select(carriers).order_by(carriers.c.id))
            findings += await _links(database, settings, rows)
            findings += await examine_calls(settings, rows)
        finally:
            await database.close()
    return findings


async def _guarded(subject: str, check: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await check()
    except HooklineError as error:
        return Finding(subject, False, error.detail, "Check HOOKLINE_DATABASE_URL and the server.")
    except (OSError, sqlite3.Error, asyncpg.PostgresError) as error:
        return Finding(subject, False, str(error), "Check HOOKLINE_DATABASE_URL and the server.")


def _disk(settings: Settings) -> Finding:
    folder = settings.data_dir if settings.data_dir.exists() else settings.data_dir.parent
    free = shutil.disk_usage(folder.resolve() if folder.exists() else ".").free
    shown = f"{free / 2**30:.1f} GiB free for {settings.data_dir}"
    if free < _FREE_BYTES_MIN:
        return Finding("disk", False, shown, "Free some space: commits fail when the disk is full.")
    return Finding("disk", True, shown)


def _key(settings: Settings) -> Finding:
    if settings.secret_key:
        return Finding("secret key", True, f"{len(settings.secret_key)} from the settings")
    file = settings.data_dir / KEY_FILE
    if not file.exists():
        return Finding("secret key", True, "will be made at the first start")
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        return Finding("secret key", False, f"{file} is open to others", f"chmod 600 {file}")
    return Finding("secret key", True, str(file))


def _port(settings: Settings) -> Finding:
    with socket.socket() as probe:
        probe.settimeout(1)
        try:
            probe.connect((settings.host, settings.port))
        except OSError:
            return Finding("server", True, f"nothing listens on {settings.host}:{settings.port}")
    return Finding("server", True, f"something answers on {settings.host}:{settings.port}")


async def _mail(settings: Settings) -> Finding:
    if not settings.smtp_host:
        return Finding("mail", True, "no mail server is set: owners get no e-mail, only events")
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    if not (settings.smtp_from or settings.smtp_user):
        return Finding("mail", False, "e-mails have no sender", "Set HOOKLINE_SMTP_FROM.")
    try:
        await check_mail_server(settings)
    except MailServerUnusable as error:
        return Finding("mail", False, f"{where}: {error.detail}", "Check HOOKLINE_SMTP_*.")
    return Finding("mail", True, f"{where} takes e-mails")


async def _schema(settings: Settings) -> Finding:
    if await is_current(settings):
        return Finding("schema", True, head_revision())
    return Finding("schema", False, "is not that of this version", "hookline migrate")


async def _version(database: Database) -> Finding:
    if database.dialect == "sqlite":
        ok = sqlite3.sqlite_version_info >= _SQLITE_MIN
        return Finding(
            "database", ok, f"SQLite {sqlite3.sqlite_version}", "" if ok else "Use SQLite 3.35+."
        )
    rows = await database.read(text("SELECT current_setting('server_version_num')::int"))
    number = int(rows[0][0])
    ok = number >= _POSTGRES_MIN
    return Finding(
        "database",
        ok,
        f"PostgreSQL {number // 10_000}",
        "" if ok else "Use PostgreSQL 15 or newer.",
    )


async def _integrity(database: Database) -> Finding:
    if database.dialect != "sqlite":
        return Finding("integrity", True, "is PostgreSQL's own business")
    answer = (await database.read(text("PRAGMA quick_check")))[0][0]
    fix = "" if answer == "ok" else "Stop the server and restore the last backup."
    return Finding("integrity", answer == "ok", str(answer), fix)


async def _clock(database: Database) -> Finding:
    if database.dialect == "sqlite":
        return Finding("clock", True, "one machine, one clock")
    rows = await database.read(
        text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
    )
    drift = abs(SystemClock().now_ms() - int(rows[0][0]))
    ok = drift <= _CLOCK_DRIFT_MAX_MS
    fix = "" if ok else "Run a time service on both machines: leases and signatures need it."
    return Finding("clock", ok, f"{drift} ms from the database's", fix)


async def _accounts(database: Database) -> Finding:
    count = (await database.read(select(func.count()).select_from(accounts)))[0][0]
    fix = "" if count else "hookline up"
    return Finding("accounts", bool(count), f"{count}", fix)


async def _carriers(database: Database) -> Finding:
    homeless = await database.read(
        select(numbers.c.number).where(
            numbers.c.carrier_id.not_in(select(carriers.c.id).scalar_subquery())
        )
    )
    if homeless:
        listed = ", ".join(row.number for row in homeless[:5])
        return Finding("numbers", False, f"without a carrier: {listed}", "hookline numbers add …")
    count = (await database.read(select(func.count()).select_from(carriers)))[0][0]
    return Finding("carriers", True, f"{count}, every number is at home on one")


async def _links(
    database: Database, settings: Settings, rows: Sequence[CarrierRow]
) -> list[Finding]:
    """A line for each carrier."""
    found = await database.read(sql.links_of([row.id for row in rows]))
    links = {link.carrier_id: link for link in found}
    now = SystemClock().now_ms()
    return [_link(row, link_view(row, links.get(row.id), now, settings)) for row in rows]


def _link(row: CarrierRow, link: LinkView) -> Finding:
    subject = f"carrier {row.name}"
    if row.disabled:
        return Finding(subject, True, "disabled")
    if link.is_bound and link.detail:
        return Finding(subject, False, "bound, but not all of it works", link.detail)
    if link.is_bound:
        figures = link.figures
        used = "legs" if row.kind in CALLS_ONLY else "window"
        return Finding(subject, True, f"bound, {used} {figures.in_flight}/{figures.window}")
    return Finding(subject, False, link.state.value, link.detail or "hookline up")


_DATABASE_CHECKS: dict[str, Callable[[Database], Awaitable[Finding]]] = {
    "database": _version,
    "integrity": _integrity,
    "clock": _clock,
    "accounts": _accounts,
    "carriers": _carriers,
}
