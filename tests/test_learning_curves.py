"""The curves of trainings that differ in what they wrote down."""

from matplotlib.figure import Figure

from course_utils.learning_curves import draw_learning_curves

LONG = {"loss": [2.0, 1.0], "val_loss": [2.5, 3.0], "top5": [0.1, 1.0], "val_top5": [0.0, 0.2]}
SHORT = {"loss": [2.0], "val_loss": [2.5]}


def lines(ax):
    return [line for line in ax.lines if len(line.get_xdata())]


def test_a_training_without_a_value_is_left_out_of_its_panel():
    both = {"long": LONG, "short": SHORT}
    loss, top5 = draw_learning_curves(Figure(), both, {"loss": "loss", "top5": "top-5"})
    assert (len(lines(loss)), len(lines(top5))) == (4, 2)


def test_one_epoch_is_seen():
    (ax,) = draw_learning_curves(Figure(), {"short": SHORT}, {"loss": "loss"})
    assert {line.get_marker() for line in ax.lines} == {"o"}


def test_more_trainings_than_colours_are_all_drawn():
    many = {str(number): SHORT for number in range(10)}
    (ax,) = draw_learning_curves(Figure(), many, {"loss": "loss"})
    assert len(lines(ax)) == 20
