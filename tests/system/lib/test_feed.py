from __future__ import annotations

from system.lib.feed import Feed, Slice


def numbers(max_items: int = 100, max_bytes: int = 10_000) -> Feed[int]:
    return Feed("numbers", max_items=max_items, max_bytes=max_bytes, filters={"even": lambda item, _: item % 2 == 0})


def test_a_reader_resumes_from_the_last_number_it_read() -> None:
    feed = numbers()
    feed.append([10, 11, 12])

    assert feed.after(0, 2, 1000) == Slice((10, 11), 2, 0)
    assert feed.after(2, 2, 1000) == Slice((12,), 3, 0)
    assert feed.after(3, 2, 1000) == Slice((), 3, 0)


def test_evicted_and_dropped_items_are_counted_as_missed() -> None:
    feed = numbers(max_items=2)
    feed.append([10, 11, 12, 13])
    feed.count_dropped(5)
    feed.append([14])

    assert feed.after(0, 10, 1000) == Slice((13, 14), 10, 8)
    assert feed.after(4, 10, 1000) == Slice((14,), 10, 5)


def test_total_bytes_are_bounded() -> None:
    feed = numbers(max_bytes=100)
    feed.append([1, 2, 3], [60, 60, 30])

    assert feed.newest() == [2, 3]
    assert feed.after(1, 10, max_bytes=50) == Slice((2,), 2, 0)  # at least one item, however large


def test_filtered_items_are_not_counted_as_missed() -> None:
    feed = numbers()
    feed.append(list(range(10)))
    conditions = (("even", ""),)

    assert feed.after(0, 3, 1000, conditions) == Slice((0, 2, 4), 5, 0)
    assert feed.after(5, 3, 1000, conditions) == Slice((6, 8), 10, 0)
    assert feed.after(feed.position_before_last(2, conditions), 10, 1000, conditions) == Slice((6, 8), 10, 0)
    assert feed.position_before_last(50) == 0


def test_a_listener_is_called_until_it_is_removed() -> None:
    feed, calls = numbers(), []
    remove = feed.listen(lambda: calls.append(feed.last))
    feed.append([1, 2])
    remove()
    feed.append([3])

    assert calls == [2]
