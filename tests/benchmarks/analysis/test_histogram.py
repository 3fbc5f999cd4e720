from benchmarks.analysis import histogram


def test_what_is_stored_can_be_read_again() -> None:
    latencies = ((17, 1), (200, 5000), (1999, 3))

    assert histogram.decode(histogram.encode(latencies)) == latencies


def test_nothing_is_stored_as_nothing() -> None:
    assert (histogram.encode(()), histogram.decode("")) == ("", ())


def test_a_latency_beyond_the_range_is_kept_at_its_edge() -> None:
    ((value, count),) = histogram.decode(histogram.encode(((10**12, 2),)))

    assert (abs(value / histogram.HIGHEST_US - 1) < 0.001, count) == (True, 2)
