import asyncio

from hookline.clock import ManualClock
from hookline.outbound.http_connection import HttpConnection
from hookline.outbound.idle_pool import IdlePool

ONE = ("http", "one.example", 80)
TWO = ("http", "two.example", 80)


def connection(origin: tuple[str, str, int] = ONE) -> HttpConnection:
    made = HttpConnection(asyncio.get_running_loop(), ManualClock(), "127.0.0.1")
    made.origin = origin
    return made


async def test_newest_is_taken_first() -> None:
    pool = IdlePool(ManualClock())
    first, second = connection(), connection()
    pool.put(first)
    pool.put(second)
    assert [pool.take(ONE), pool.take(ONE), pool.take(ONE)] == [second, first, None]
    pool.close()


async def test_other_origins_connection_is_not_taken() -> None:
    pool = IdlePool(ManualClock())
    pool.put(connection(ONE))
    assert pool.take(TWO) is None
    pool.close()


async def test_oldest_of_an_origin_gives_way() -> None:
    pool = IdlePool(ManualClock(), per_origin_max=2)
    held = [connection() for _ in range(3)]
    for each in held:
        pool.put(each)
    assert [each.is_closed for each in held] == [True, False, False]
    assert len(pool) == 2
    pool.close()


async def test_oldest_of_all_gives_way() -> None:
    pool = IdlePool(ManualClock(), total_max=2)
    held = [connection(ONE), connection(TWO), connection(TWO)]
    for each in held:
        pool.put(each)
    assert [each.is_closed for each in held] == [True, False, False]
    assert pool.take(ONE) is None
    pool.close()


async def test_bound_of_one_keeps_the_newest() -> None:
    pool = IdlePool(ManualClock(), per_origin_max=1, total_max=1)
    first, second = connection(), connection()
    pool.put(first)
    pool.put(second)
    assert (first.is_closed, pool.take(ONE)) == (True, second)
    pool.close()


async def test_sweep_closes_what_has_waited_too_long() -> None:
    clock = ManualClock()
    pool = IdlePool(clock, timeout_s=30)
    old, young = connection(ONE), connection(TWO)
    pool.put(old)
    clock.advance(seconds=20)
    pool.put(young)
    clock.advance(seconds=10)
    pool.sweep()
    assert (old.is_closed, young.is_closed, len(pool)) == (True, False, 1)
    pool.close()


async def test_ended_connection_is_forgotten() -> None:
    pool = IdlePool(ManualClock())
    ended, other = connection(), connection()
    pool.put(ended)
    pool.discard(ended)
    pool.discard(other)
    assert (len(pool), pool.take(ONE)) == (0, None)
    pool.close()


async def test_closing_closes_all() -> None:
    pool = IdlePool(ManualClock())
    held = [connection(ONE), connection(TWO)]
    for each in held:
        pool.put(each)
    pool.close()
    assert all(each.is_closed for each in held)
    assert len(pool) == 0


async def test_one_that_has_waited_long_is_left_to_others() -> None:
    clock = ManualClock()
    pool = IdlePool(clock)
    held = connection()
    pool.put(held)
    clock.advance(seconds=5)
    assert pool.take(ONE, idle_max_s=4.0) is None
    assert pool.take(ONE, idle_max_s=5.0) is held
    pool.close()
