"""Terms of money edited by the owner, each edit recorded (decision 27)."""

import pytest
from django.urls import reverse

from tests.wallet.admin_pages.walking import page
from tests.wallet.people import acts_on
from wallet.models import (
    BonusRule,
    MoneyRules,
    PaymentMethod,
)

pytestmark = pytest.mark.django_db


class TestTerms:
    def test_a_way_to_pay_is_edited_in_percent_and_the_edit_is_recorded(self, client, owner):
        method = PaymentMethod.objects.get(gateway="manual")
        typed = {"title": "Bank transfer", "is_offered": "on", "position": "1", "minimum": "5.00", "maximum": "500.00"}

        client.post(
            reverse("admin:wallet_paymentmethod_change", args=[method.pk]),
            typed | {"percent": "2.5", "fee_fixed": "0.30", "instructions": "IBAN DE02"},
        )

        method.refresh_from_db()
        assert (method.fee_basis_points, method.minimum, method.instructions) == (250, 5, "IBAN DE02")
        assert acts_on("payment_method", method.pk) == [("changed", f"staff:{owner.pk}")]
        text = page(client, "paymentmethod", pk=method.pk)
        assert "minimum 1.00 → 5.00" in text
        assert "fee basis points 0 → 250" in text

    @pytest.mark.parametrize(
        ("field", "value"),
        [("minimum", "0"), ("maximum", "0.50"), ("fee_fixed", "-1"), ("percent", "51"), ("percent", "0.001")],
    )
    def test_terms_that_cannot_be_come_back_with_their_field_marked(self, client, owner, field, value):
        method = PaymentMethod.objects.get(gateway="manual")
        typed = {"title": "Bank", "position": "1", "minimum": "1", "maximum": "9", "percent": "0", "fee_fixed": "0"}

        response = client.post(reverse("admin:wallet_paymentmethod_change", args=[method.pk]), typed | {field: value})

        assert list(response.context["adminform"].form.errors) == [field]

    def test_the_list_says_why_a_way_to_pay_is_not_offered(self, client, owner):
        assert "no: nobody has said how to pay" in page(client, "paymentmethod")
        assert "no: its keys are not set" in page(client, "paymentmethod")

        PaymentMethod.objects.filter(gateway="manual").update(instructions="IBAN DE02")
        assert "yes" in page(client, "paymentmethod")

        PaymentMethod.objects.filter(gateway="manual").update(is_offered=False)
        assert "no: switched off" in page(client, "paymentmethod")

    def test_saved_unchanged_nothing_is_recorded(self, client, owner):
        typed = {"second_person_above": "100.00", "goodwill_monthly": "200.00"}

        client.post(reverse("admin:wallet_moneyrules_change", args=[1]), typed)

        assert acts_on("money_rules", 1) == []

    def test_the_money_rules_are_one_page(self, client, owner):
        assert client.get(reverse("admin:wallet_moneyrules_changelist"))["Location"].endswith("/moneyrules/1/change/")

        client.post(
            reverse("admin:wallet_moneyrules_change", args=[1]),
            {"second_person_above": "50", "goodwill_monthly": "200"},
        )

        assert MoneyRules.objects.get().second_person_above == 50
        assert "second person above 100.00 → 50" in page(client, "moneyrules", pk=1)

    def test_a_negative_limit_is_refused_at_its_field(self, client, owner):
        response = client.post(
            reverse("admin:wallet_moneyrules_change", args=[1]),
            {"second_person_above": "-1", "goodwill_monthly": "200"},
        )

        assert list(response.context["adminform"].form.errors) == ["second_person_above"]

    def test_bonus_rules_come_and_go_with_a_record(self, client, owner):
        add = {"from_amount": "100", "percent": "7.5", "is_active": "on"}
        client.post(reverse("admin:wallet_bonusrule_add"), add)
        rule = BonusRule.objects.get()
        address = reverse("admin:wallet_bonusrule_change", args=[rule.pk])
        client.post(address, {**add, "percent": "10"})
        assert BonusRule.objects.get().basis_points == 1000

        client.post(reverse("admin:wallet_bonusrule_delete", args=[rule.pk]), {"post": "yes"})

        assert not BonusRule.objects.exists()
        assert [kind for kind, _ in acts_on("bonus_rule", rule.pk)] == ["added", "changed", "removed"]

    def test_several_are_removed_each_with_its_record(self, client, owner):
        rules = [BonusRule.objects.create(from_amount=n, basis_points=100) for n in (10, 20)]
        chosen = {"action": "delete_selected", "_selected_action": [rule.pk for rule in rules], "post": "yes"}

        client.post(reverse("admin:wallet_bonusrule_changelist"), chosen)

        assert [acts_on("bonus_rule", rule.pk) for rule in rules] == [[("removed", f"staff:{owner.pk}")]] * 2

    def test_a_bonus_from_nothing_is_refused_at_its_field(self, client, owner):
        response = client.post(reverse("admin:wallet_bonusrule_add"), {"from_amount": "0", "percent": "5"})

        assert list(response.context["adminform"].form.errors) == ["from_amount"]

    def test_others_than_the_owner_read_them(self, client, finance):
        assert "Bank transfer" in page(client, "paymentmethod")
        response = client.get(reverse("admin:wallet_moneyrules_change", args=[1]))
        assert 'name="_save"' not in response.content.decode()
