"""What can go wrong with the audit trail."""

from hookline.errors import Conflict, NotFound


class EntryNotFound(NotFound):
    """There is no such entry in this account's audit log. Take the id from the list."""

    code = "audit_entry_not_found"
    title = "There is no such audit entry"


class VerificationNotFound(NotFound):
    """There is no such verification, or it is older than 90 days. Begin another one."""

    code = "audit_verification_not_found"
    title = "There is no such verification"


class VerificationRunning(Conflict):
    """The account's audit log is being verified already. Follow that run, named in the detail."""

    code = "audit_verification_running"
    title = "A verification is under way"
