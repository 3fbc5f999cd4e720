from benchmarks.analysis import histogram


def test_decoding_an_encoded_histogram_gives_the_latencies_again() -> None:
    latencies = ((17, 1), (200, 5000), (1999, 3))

    assert histogram.decode(histogram.encode(latencies)) == latencies


def test_no_latencies_are_stored_as_an_empty_text() -> None:
    assert (histogram.encode(()), histogram.decode("")) == ("", ())


def test_a_latency_beyond_the_range_is_recorded_at_its_edge() -> None:
    ((value, count),) = histogram.decode(histogram.encode(((10**12, 2),)))

    assert (abs(value / histogram.HIGHEST_US - 1) < 0.001, count) == (True, 2)
