"""The tables of ratings, and the repository of its use cases.

Secrecy: ``codes`` and ``forms`` share the rating and nothing else. A form has a random id, no time, no order;
neither has a sequence of rows that would tell one.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Boolean, Integer, column, delete, func, insert, select, table, update
from sqlalchemy.exc import IntegrityError

from chassis.errors import Conflict, NotFound
from chassis.store import Document, Instant, Repository
from ratings.domain import Form, OnForm, Rateable, Rating

projects: Final = table(
    "projects", column("body"), column("year", Integer), column("project"), column("title")
)
ratings: Final = table(
    "ratings",
    *map(column, ("body", "id", "body_name", "title", "state", "version")),
    *(column(name, Integer) for name in ("members", "issued")),
    *(column(name, Document) for name in ("titles", "rules", "projects", "results")),
    *(column(name, Instant) for name in ("opened_at", "concluded_at")),
)
codes: Final = table("codes", column("body"), column("rating"), column("hash"), column("spent", Boolean))
forms: Final = table("forms", column("body"), column("rating"), column("id"), column("grades"))


class UnknownRating(NotFound):
    """The body has no rating of this id."""

    slug = "unknown-rating"


class RatingExists(Conflict):
    """The body has a rating of this id."""

    slug = "rating-exists"


class Ratings(Repository):
    """All that ratings keeps, in one transaction."""

    def save_projects(self, body: str, year: int, titles: Mapping[str, str]) -> None:
        """Projects that are now under implementation, project → title; those known before stay known."""
        self.connection.execute(
            delete(projects).where(
                projects.c.body == body, projects.c.year == year, projects.c.project.in_(sorted(titles))
            )
        )
        rows = [
            {"body": body, "year": year, "project": project, "title": title}
            for project, title in sorted(titles.items())
        ]
        self.connection.execute(insert(projects), rows)

    def rateable(self, body: str) -> list[Rateable]:
        """The body's projects under implementation, the latest year first."""
        query = select(projects).where(projects.c.body == body)
        rows = self.connection.execute(query.order_by(projects.c.year.desc(), projects.c.project))
        return [Rateable(row.project, row.title, row.year) for row in rows]

    def add_rating(self, rating: Rating, on_form: OnForm) -> None:
        """RatingExists; races lose here too."""
        values = rating.as_stored() | {"body_name": on_form.body_name, "titles": dict(on_form.titles)}
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(ratings).values(**values))
        except IntegrityError:
            raise RatingExists("The body has a rating of this id.", field="rating") from None

    def rating(self, body: str, rating: str) -> Rating:
        """UnknownRating."""
        return self._rating(self._one_rating(body, rating))

    def rating_to_change(self, body: str, rating: str) -> Rating:
        """Nobody else changes it, or hands in, until the transaction ends. UnknownRating."""
        return self._rating(self._one_rating(body, rating).with_for_update())

    def rating_to_hand_in(self, body: str, rating: str) -> Rating:
        """Nobody changes it until the transaction ends; others may hand in. UnknownRating."""
        return self._rating(self._one_rating(body, rating).with_for_update(read=True))

    def _one_rating(self, body: str, rating: str) -> Any:
        return select(ratings).where(ratings.c.body == body, ratings.c.id == rating)

    def _rating(self, query: Any) -> Rating:
        row = self.connection.execute(query).first()
        if row is None:
            raise UnknownRating("The body has no rating of this id.", field="rating")
        return Rating.restored(dict(row._mapping))

    def on_form(self, rating: Rating) -> OnForm:
        query = select(ratings.c.body_name, ratings.c.titles)
        row = self.connection.execute(
            query.where(ratings.c.body == rating.body, ratings.c.id == rating.id)
        ).one()
        return OnForm(row.body_name, row.titles)

    def save_rating(self, rating: Rating) -> None:
        self.connection.execute(
            update(ratings)
            .where(ratings.c.body == rating.body, ratings.c.id == rating.id)
            .values(**rating.as_stored())
        )

    def add_codes(self, rating: Rating, hashes: Collection[str]) -> None:
        """Codes that may each be spent once, in an order that tells nothing."""
        rows = [
            {"body": rating.body, "rating": rating.id, "hash": each, "spent": False}
            for each in sorted(hashes)
        ]
        self.connection.execute(insert(codes), rows)

    def codes_to_spend(self, rating: Rating, hashes: Collection[str]) -> dict[str, bool]:
        """Of these codes those that exist, and whether they are spent; locked, in an order that cannot
        deadlock."""
        query = select(codes.c.hash, codes.c.spent).where(
            codes.c.body == rating.body, codes.c.rating == rating.id, codes.c.hash.in_(sorted(hashes))
        )
        rows = self.connection.execute(query.order_by(codes.c.hash).with_for_update())
        return {row.hash: row.spent for row in rows}

    def accept(self, rating: Rating, hashes: Collection[str], handed_in: Sequence[Form]) -> None:
        """Spends the codes, and keeps the forms: in the order of their random ids, not of their coming."""
        self.connection.execute(
            update(codes)
            .where(codes.c.body == rating.body, codes.c.rating == rating.id, codes.c.hash.in_(sorted(hashes)))
            .values(spent=True)
        )
        rows = [_row(rating, str(uuid4()), _canonical(form)) for form in handed_in]
        self.connection.execute(insert(forms), sorted(rows, key=lambda row: row["id"]))

    def returned(self, body: str, rating: str) -> int:
        """Forms handed in so far."""
        query = select(func.count()).select_from(forms)
        return self.connection.scalar(query.where(forms.c.body == body, forms.c.rating == rating)) or 0

    def forms(self, rating: Rating) -> list[tuple[int, Form]]:
        """What the forms say: ``(times, form)``, in the order of their content."""
        query = select(func.count(), forms.c.grades).group_by(forms.c.grades).order_by(forms.c.grades)
        rows = self.connection.execute(query.where(forms.c.body == rating.body, forms.c.rating == rating.id))
        return [(times, json.loads(grades)) for times, grades in rows]

    def seal(self, rating: Rating) -> None:
        """Writes all forms of a rating anew, in the order of their content and with new ids.

        What a database notes of rows (their transaction, their place) then tells nothing of when a form was
        handed in.
        """
        where = (forms.c.body == rating.body, forms.c.rating == rating.id)
        contents = list(
            self.connection.scalars(select(forms.c.grades).where(*where).order_by(forms.c.grades))
        )
        self.connection.execute(delete(forms).where(*where))
        if contents:
            ids = sorted(str(uuid4()) for _ in contents)
            rows = [_row(rating, id, grades) for id, grades in zip(ids, contents, strict=True)]
            self.connection.execute(insert(forms), rows)


def _row(rating: Rating, id: str, grades: str) -> dict[str, str]:
    return {"body": rating.body, "rating": rating.id, "id": id, "grades": grades}


def _canonical(form: Form) -> str:
    return json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
