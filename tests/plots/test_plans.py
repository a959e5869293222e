from course_utils import plots


def test_a_plan_has_its_boxes_shapes_and_arrows():
    boxes = {"x": (0, 0, "B, N, D"), "norm": (1, 0, ""), "norm ": (2, 0, "B, N, D")}
    ax = plots.plan(boxes, [["x", "norm", "norm "]], figsize=(4, 2))
    words = [text.get_text() for text in ax.texts]
    assert words.count("norm") == 2 and words.count("(B, N, D)") == 2
    arrows = [getattr(text, "arrow_patch", None) for text in ax.texts]
    assert len([arrow for arrow in arrows if arrow]) == 2
