from benchmarks.analysis.latency_curve import POINTS_PER_NINE, latency_curve


def test_the_curve_reaches_each_nine_at_the_same_distance() -> None:
    latencies = tuple((1000 * value, 1) for value in range(1, 1001))
    curve = latency_curve(latencies)

    assert curve[0] == (0.0, 1.0)
    assert curve[::POINTS_PER_NINE] == ((0.0, 1.0), (90.0, 900.0), (99.0, 990.0), (99.9, 999.0))
    assert [point[0] for point in curve] == sorted({point[0] for point in curve})


def test_a_curve_of_many_requests_ends_at_five_nines() -> None:
    curve = latency_curve(((200, 10**9), (90_000, 10**3)))

    assert (curve[-1], len(curve)) == ((99.999, 0.2), 196)


def test_one_latency_makes_no_curve() -> None:
    assert (latency_curve(()), latency_curve(((5, 1),)), latency_curve(((5, 2),))[-1]) == ((), (), (47.766549, 0.005))
