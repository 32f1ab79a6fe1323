"""The claims check in the catalogue's forms: refused at its field, input kept, let stand with a reason by an owner."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.models import User
from orders.models import CatalogueChange, Category, Service
from tests.factories import CategoryFactory, ServiceFactory
from tests.orders.admin.test_admin_catalogue import SERVICES, newest, page_of, posted

pytestmark = pytest.mark.django_db
BAD = "100 % real likes, delivered within 1 hour, safe from bans."
REASON = "The provider's audit of 2 March shows it."


def errors_of(answer):
    return answer.context["adminform"].form.errors


class TestAService:
    def test_a_claim_is_refused_at_its_field_with_its_words_and_clause_and_what_was_typed_is_kept(self, client, staff):
        """R13, R49, R55: a promise of results, times or safety cannot be written."""
        staff("owner")
        service = ServiceFactory()

        answer = client.post(page_of(service), posted(service, description=BAD, name="Likes | Looks organic"))

        errors = errors_of(answer)
        assert set(errors) == {"description", "name"}
        said = " ".join(errors["description"])
        assert "“100 % real” promises a result" in said
        assert all(clause in said for clause in ("refund.12.1", "refund.3.3"))
        assert "refund.10.1" in " ".join(errors["name"])
        assert BAD in answer.content.decode()
        service.refresh_from_db()
        assert service.description == ""
        assert not CatalogueChange.objects.exclude(kind="new").exists()

    @pytest.mark.parametrize("field", ["name", "description", "delivers"])
    def test_a_new_service_is_checked_too(self, client, staff, field):
        staff("owner")
        sent = posted(ServiceFactory(), **{"name": "Brand new", field: "Guaranteed"})

        answer = client.post(reverse("admin:orders_service_add"), sent)

        assert set(errors_of(answer)) == {field}
        assert Service.objects.count() == 1

    def test_honest_words_are_saved(self, client, staff):
        """The control."""
        staff("owner")
        service = ServiceFactory()
        honest = "Usually about 2 hours. Not guaranteed. Refill for 30 days."

        assert client.post(page_of(service), posted(service, description=honest)).status_code == 302

    def test_an_owner_lets_a_text_stand_with_a_reason_that_is_recorded(self, client, staff):
        owner, service = staff("owner"), ServiceFactory()

        answer = client.post(page_of(service), posted(service, description=BAD, claims_reason=REASON))

        assert answer.status_code == 302, answer.context["errors"]
        service.refresh_from_db()
        assert (service.description, service.claims_reason) == (BAD, REASON)
        assert service.claims_allowed_by == f"staff:{owner.pk}"
        assert len(service.claims_text_sha256) == 64
        assert newest().after["claims_reason"] == REASON
        assert newest().actor == service.claims_allowed_by

    def test_it_holds_while_the_texts_stay_and_for_other_edits(self, client, staff):
        staff("owner")
        service = ServiceFactory()
        client.post(page_of(service), posted(service, description=BAD, claims_reason=REASON))
        service.refresh_from_db()

        answer = client.post(page_of(service), posted(service, claims_reason=REASON, rate="9"))

        assert answer.status_code == 302, answer.context["errors"]
        assert "claims_reason" not in newest().after

    @pytest.mark.parametrize("field", ["name", "description", "delivers"])
    def test_it_lapses_when_a_text_changes(self, client, staff, field):
        staff("owner")
        service = ServiceFactory()
        client.post(page_of(service), posted(service, description=BAD, claims_reason=REASON))
        service.refresh_from_db()
        changed = posted(service, **{"claims_reason": REASON, field: f"{getattr(service, field)} More."})

        answer = client.post(page_of(service), changed)

        assert "another text" in str(errors_of(answer)["claims_reason"])
        assert "description" in errors_of(answer)
        anew = {**changed, "claims_reason": "The audit covers this wording as well."}
        assert client.post(page_of(service), anew).status_code == 302

    def test_it_is_forgotten_when_nothing_is_claimed_any_more(self, client, staff):
        staff("owner")
        service = ServiceFactory()
        client.post(page_of(service), posted(service, description=BAD, claims_reason=REASON))

        client.post(page_of(service), posted(service, description="Plain.", claims_reason=REASON))

        service.refresh_from_db()
        assert (service.claims_reason, service.claims_allowed_by, service.claims_text_sha256) == ("", "", "")

    def test_an_editor_who_is_no_owner_may_not_let_a_claim_stand(self, client, staff):
        """Whatever the form sends."""
        staff("owner")
        editor = User.objects.create_user("editor@staff.test", is_staff=True)
        codenames = ["change_service", "view_service", "view_route", "change_route", "add_route"]
        editor.user_permissions.set(Permission.objects.filter(content_type__app_label="orders", codename__in=codenames))
        client.force_login(editor)
        service = ServiceFactory()

        answer = client.post(page_of(service), posted(service, description=BAD, claims_reason=REASON))

        assert "description" in errors_of(answer)
        assert 'name="claims_reason"' not in answer.content.decode()
        service.refresh_from_db()
        assert (service.description, service.claims_reason) == ("", "")
        assert client.post(page_of(service), posted(service, description="Plain.")).status_code == 302

    def test_the_list_says_which_are_off_sale_for_a_claim(self, client, staff):
        staff("owner")
        off = {"active": False, "inactive_reason": "makes a claim: name “Guaranteed” (refund.12.1)"}
        claiming = ServiceFactory(name="Likes | Guaranteed", **off)

        page = client.get(SERVICES).content.decode()
        chosen = {"action": "put_on_sale", "_selected_action": [claiming.pk]}
        answer = client.post(SERVICES, chosen, follow=True).content.decode()

        assert '<span class="badge badge-warn">makes a claim</span>' in page
        assert "or make a claim, and stay off" in answer
        assert not Service.objects.get().active


class TestACategory:
    def test_a_heading_with_a_claim_is_refused_at_its_field(self, client, staff):
        """R49."""
        staff("owner")
        category = CategoryFactory()
        address = reverse("admin:orders_category_change", args=[category.pk])

        answer = client.post(address, {"name": "Likes [100% Real]", "position": 3})

        assert "“100% Real” promises a result" in str(errors_of(answer)["name"])
        assert "Likes [100% Real]" in answer.content.decode()
        assert Category.objects.get().name == category.name
        assert client.post(address, {"name": "Likes [Real]", "position": 3}).status_code == 302

    def test_a_service_is_not_put_under_one(self, client, staff):
        staff("owner")
        service, heading = ServiceFactory(), CategoryFactory(name="Likes, guaranteed")

        answer = client.post(page_of(service), posted(service, category=heading.pk, claims_reason=REASON))

        assert set(errors_of(answer)) == {"category"}
