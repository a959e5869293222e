"""What a check says: for eyes (HTML with a picture), for terminals and screen readers (text), and
for nbgrader (the points, as a number)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape

from course_utils.checking import sentences
from course_utils.checking.picture import Picture
from course_utils.palette import DIFFERENT, EXPECTED, UNSOLVED

# The data a Report leaves in a notebook beside what people read. A check cell without it was not
# judged, whatever else its output shows.
MIME_TYPE = "application/vnd.vision-transformer-course.report+json"


@dataclass(frozen=True, kw_only=True)
class Report:
    """The verdict on one solution.

    score: share of the properties that hold, in [0, 1]; passed: all of them do; solved: False for
    an untouched exercise; mistake: name of the recognised mistake, or None; error: what the
    solution raised, where the message is about the mistake behind it; counterexample: the smallest
    case in which it is wrong, in numbers.
    """

    exercise: str
    title: str
    points: int
    score: float
    passed: bool
    solved: bool = True
    mistake: str | None = None
    message: str = ""
    error: str = ""
    counterexample: str = ""
    properties: Mapping[str, bool] = field(default_factory=dict)
    picture: Picture | None = None
    printed: str = ""

    @property
    def earned(self) -> float:
        """Points, rounded to cents; all of them only for a solution that passed."""
        return round(self.points * self.score, 2)

    @property
    def state(self) -> str:
        if self.passed:
            return "passed"
        return "not yet" if self.solved else "not solved yet"

    def __repr__(self) -> str:
        """The points as a number: what nbgrader reads as partial credit."""
        return str(float(self.earned))

    def __str__(self) -> str:
        """The whole Report as plain text."""
        lines = [f"{self.exercise}: {self.state}, {self.earned:g} of {self.points} points"]
        lines += filter(None, [self.message, self.error, self.counterexample])
        if self.solved:
            lines += [f"  [{'x' if ok else ' '}] {name}" for name, ok in self.properties.items()]
        if self.picture:
            lines.append(self.picture.alt)
        if self.printed:
            lines += ["Your code printed:", self.printed.rstrip()]
        return "\n".join(lines)

    def data(self) -> dict:
        """The verdict as plain data, for graders and statistics."""
        return {
            "exercise": self.exercise,
            "score": self.score,
            "points": self.points,
            "earned": self.earned,
            "passed": self.passed,
            "mistake": self.mistake,
        }

    def to_dict(self) -> dict:
        """All of a Report as plain data, which `from_dict` takes back."""
        return {**asdict(self), "properties": dict(self.properties), "earned": self.earned}

    @classmethod
    def from_dict(cls, data: Mapping) -> Report:
        known = {name: value for name, value in data.items() if name != "earned"}
        picture = known.pop("picture", None)
        return cls(**known, picture=Picture(**picture) if picture else None)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"text/plain": repr(self), "text/html": self.html(), MIME_TYPE: self.data()}

    def html(self) -> str:
        """The whole Report as HTML that needs no style sheet, script or network."""
        accent = EXPECTED if self.passed else (DIFFERENT if self.solved else UNSOLVED)
        parts = [
            f'<div style="border-left:5px solid {accent};padding:4px 12px;margin:4px 0" '
            f'role="status"><div><b>{escape(self.exercise)}: {self.state}</b> '
            f"<span>({self.earned:g} of {self.points} points)</span></div>"
            f'<div style="margin:6px 0">{escape(self.message)}</div>'
        ]
        if self.error:
            parts.append(f'<div style="margin:6px 0">{escape(self.error)}</div>')
        if self.counterexample:
            style = "margin:6px 0;padding:4px 8px;overflow-x:auto;line-height:1.3"
            parts.append(f'<pre style="{style}">{escape(self.counterexample)}</pre>')
        if self.picture:
            source = base64.b64encode(self.picture.svg.encode()).decode()
            parts.append(
                f'<img alt="{escape(self.picture.alt)}" style="max-width:100%" '
                f'src="data:image/svg+xml;base64,{source}"/>'
            )
        if self.solved and not self.passed:
            parts.append(self.list_of_properties())
        if self.printed:
            parts.append(
                "<details><summary>Your code printed</summary>"
                f"<pre>{escape(self.printed)}</pre></details>"
            )
        return "".join(parts) + "</div>"

    def list_of_properties(self) -> str:
        """What does not hold yet comes first; the rest is folded away."""
        missing = [name for name, holds in self.properties.items() if not holds]
        holding = [name for name, holds in self.properties.items() if holds]
        rows = [f"✗ {name}" for name in missing[:1]]
        rest = [f"✗ {name}" for name in missing[1:]] + [f"✓ {name}" for name in holding]
        first = "".join(f"<div>{escape(row)}</div>" for row in rows)
        if not rest:
            return first
        summary = sentences.FOLDED.format(missing=len(missing[1:]), holding=len(holding))
        items = "".join(f"<div>{escape(row)}</div>" for row in rest)
        return f"{first}<details><summary>{escape(summary)}</summary>{items}</details>"
