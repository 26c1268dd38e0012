"""First requests of one subject, or of many with one address, at one moment: real connections, a thread each."""

from functools import partial

import pytest
from allauth.account.models import EmailAddress

from authsec.database.context import app_context
from tenants.models import Identity, IdentityLink
from tests.tenants.test_provisioning import ED, arrive
from tests.tenants.test_rivals import at_once

pytestmark = pytest.mark.slow


def test_fifty_first_requests_make_one_identity_and_one_link(own_database):
    def first():
        with app_context():
            return arrive()

    answers = at_once([first] * 50)
    assert {type(answer).__name__ for answer in answers} == {"Provisioned"}
    assert len({answer.identity_id for answer in answers}) == 1
    assert sum(answer.created for answer in answers) == 1
    with app_context():
        assert Identity.objects.count() == IdentityLink.objects.count() == 1
        assert EmailAddress.objects.count() == 1


def test_of_many_subjects_with_one_address_one_gets_it(own_database):
    def first(subject):
        with app_context():
            return arrive(subject)

    answers = at_once([partial(first, str(number)) for number in range(20)])
    assert {type(answer).__name__ for answer in answers} == {"Provisioned"}
    with app_context():
        assert Identity.objects.count() == 20
        assert Identity.objects.filter(email=ED).count() == 1
        assert EmailAddress.objects.count() == 1


def test_of_many_that_change_to_one_address_one_gets_it(own_database):
    with app_context():
        for number in range(10):
            arrive(str(number), email=f"{number}@people.example")

    def change(subject):
        with app_context():
            return arrive(subject, email="one@people.example")

    answers = at_once([partial(change, str(number)) for number in range(10)])
    assert {type(answer).__name__ for answer in answers} == {"Provisioned"}
    with app_context():
        assert Identity.objects.filter(email="one@people.example").count() == 1
        assert EmailAddress.objects.filter(email="one@people.example").count() == 1
