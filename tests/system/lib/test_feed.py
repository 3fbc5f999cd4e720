from __future__ import annotations

from system.lib.feed import Feed, Slice


def numbers(max_items: int = 100, max_bytes: int = 10_000) -> Feed[int]:
    return Feed("numbers", max_items=max_items, max_bytes=max_bytes, filters={"even": lambda item, _: item % 2 == 0})


def test_a_reader_goes_on_from_the_number_it_knows() -> None:
    feed = numbers()
    feed.append([10, 11, 12])

    assert feed.after(0, 2, 1000) == Slice((10, 11), 2, 0)
    assert feed.after(2, 2, 1000) == Slice((12,), 3, 0)
    assert feed.after(3, 2, 1000) == Slice((), 3, 0)


def test_what_is_pushed_out_or_never_kept_is_counted() -> None:
    feed = numbers(max_items=2)
    feed.append([10, 11, 12, 13])
    feed.lose(5)
    feed.append([14])

    assert feed.after(0, 10, 1000) == Slice((13, 14), 10, 8)
    assert feed.after(4, 10, 1000) == Slice((14,), 10, 5)


def test_bytes_are_bounded_too() -> None:
    feed = numbers(max_bytes=100)
    feed.append([1, 2, 3], [60, 60, 30])

    assert feed.newest() == [2, 3]
    assert feed.after(1, 10, max_bytes=50) == Slice((2,), 2, 0)  # one at least, however large


def test_what_a_filter_leaves_out_is_not_missed() -> None:
    feed = numbers()
    feed.append(list(range(10)))
    wanted = (("even", ""),)

    assert feed.after(0, 3, 1000, wanted) == Slice((0, 2, 4), 5, 0)
    assert feed.after(5, 3, 1000, wanted) == Slice((6, 8), 10, 0)
    assert feed.after(feed.before_last(2, wanted), 10, 1000, wanted) == Slice((6, 8), 10, 0)
    assert feed.before_last(50) == 0


def test_listeners_are_told_until_they_end() -> None:
    feed, told = numbers(), []
    end = feed.listen(lambda: told.append(feed.last))
    feed.append([1, 2])
    end()
    feed.append([3])

    assert told == [2]
