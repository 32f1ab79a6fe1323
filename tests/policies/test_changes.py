"""What differs between two versions, word by word and number by number (D52)."""

from hypothesis import given
from hypothesis import strategies as st

from policies.reading import Kind, changes_between, word_diff

FACTS = {"support_email": "support@example.test"}
TEXTS = st.lists(st.sampled_from(["refund", "of", "it", "it,", "all", "\n", " ", "72"]), max_size=12).map("".join)


def draft_of(version, **params):
    draft = version.policy.versions.create(number=2, params={**version.params, **params})
    for clause in version.clauses.order_by("position"):
        draft.clauses.create(ref=clause.ref, position=clause.position, heading=clause.heading, text=clause.text)
    return draft


def test_a_copy_differs_in_nothing(shipped):
    assert changes_between(shipped["refund"], draft_of(shipped["refund"]), facts=FACTS).is_empty


def test_a_number_changes_its_clause_and_its_parameter(shipped):
    found = changes_between(shipped["refund"], draft_of(shipped["refund"], fail_after_h=48), facts=FACTS)

    assert [(each.ref, each.kind) for each in found.clauses] == [("refund.6.3", Kind.CHANGED)]
    pieces = [(piece.kind, piece.text) for piece in found.clauses[0].pieces if piece.kind is not Kind.SAME]
    assert pieces == [(Kind.REMOVED, "72"), (Kind.ADDED, "48")]
    [number] = found.parameters
    assert (number.parameter.name, number.older, number.newer) == ("fail_after_h", "72", "48")


def test_a_new_and_a_missing_clause_are_told(shipped):
    draft = draft_of(shipped["refund"])
    draft.clauses.filter(ref="refund.12.2").delete()
    draft.clauses.create(ref="refund.99", position=99, heading="New", text="A new one.")

    found = {each.ref: each for each in changes_between(shipped["refund"], draft, facts=FACTS).clauses}

    assert {ref: each.kind for ref, each in found.items()} == {"refund.99": Kind.ADDED, "refund.12.2": Kind.REMOVED}
    assert {piece.kind for piece in found["refund.12.2"].pieces} == {Kind.REMOVED}


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_a_diff(older, newer):
    pieces = word_diff(older, newer)

    assert "".join(piece.text for piece in pieces if piece.kind is not Kind.REMOVED) == newer
    assert "".join(piece.text for piece in pieces if piece.kind is not Kind.ADDED) == older
