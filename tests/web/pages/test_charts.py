"""Charts as rectangles: heights are shares of the highest step, and what went wrong stands on top."""

from dicomfabd.web.pages.charts import Bar, chart


def test_the_highest_step_fills_the_chart():
    """The others are shares of it; where nothing happened nothing is drawn."""
    drawn = chart("Orders", [2, 0, 4])

    assert (Bar("good", 0.0, 50.0, 170.0, 50.0), Bar("good", 400.0, 0.0, 170.0, 100.0)) == drawn.bars
    assert (4, 6, "Orders: 6, at most 4 a step") == (drawn.most, drawn.total, drawn.label)


def test_what_went_wrong_stands_on_the_rest():
    """And is said."""
    drawn = chart("Messages", [3, 0], [1, 2])

    assert [("good", 25.0, 75.0), ("bad", 0.0, 25.0), ("bad", 50.0, 50.0)] == [
        (bar.series, bar.y, bar.height) for bar in drawn.bars
    ]
    assert "Messages: 3, at most 4 a step, 3 of them wrong" == drawn.label


def test_nothing_is_an_empty_chart():
    """No division by it."""
    assert ((), ()) == (chart("Orders", []).bars, chart("Orders", [0, 0]).bars)
