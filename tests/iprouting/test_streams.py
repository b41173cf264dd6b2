"""Marketing and transactional mail share no pool and no IP."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import IntegrityError, connection, transaction

from campaigns.models import Stream
from campaigns.roles import Role
from common.errors import DomainError
from iprouting.models import Pool, SendingIP
from iprouting.operations.streams import save_ip, save_pool
from iprouting.queries import fallback_ips
from tests.calling import caller
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import PoolFactory, SendingIPFactory, TransportFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def alerts(organization):
    return PoolFactory(organization=organization, stream="transactional")


def refused(change):
    with pytest.raises(IntegrityError), transaction.atomic():
        change()
    return True


class TestTheDatabase:
    def test_lets_no_ip_send_both_streams(self, organization, alerts):
        ip = SendingIPFactory(organization=organization)
        other_way = TransportFactory(organization=organization)
        twin = SendingIPFactory(organization=organization, pool=alerts)

        assert refused(
            lambda: SendingIPFactory(
                organization=organization, address=ip.address, pool=alerts, transport=other_way
            )
        )
        assert refused(lambda: SendingIP.objects.filter(pk=twin.pk).update(address=ip.address))
        SendingIP.objects.filter(pk=ip.pk).update(pool=alerts)  # moved as a whole

    def test_keeps_a_pool_that_is_used_in_its_stream(self, organization):
        ip = SendingIPFactory(organization=organization)

        pools = Pool.objects.filter(pk=ip.pool_id)

        assert refused(lambda: pools.update(stream="transactional"))

    def test_keeps_an_ip_out_of_the_pools_of_others(self, organization):
        foreign = PoolFactory()

        assert refused(lambda: SendingIPFactory(organization=organization, pool=foreign))

    def test_lets_a_fallback_be_of_the_same_stream_only(self, organization, alerts):
        reserve = PoolFactory(organization=organization, stream="transactional")
        news = PoolFactory(organization=organization)
        foreign = PoolFactory(stream="transactional")
        own = Pool.objects.filter(pk=alerts.pk)

        assert refused(lambda: own.update(fallback=news))
        assert refused(lambda: own.update(fallback=foreign))
        assert refused(lambda: own.update(fallback=alerts))
        assert refused(lambda: Pool.objects.filter(pk=news.pk).update(fallback=reserve))
        own.update(fallback=reserve)
        third = PoolFactory(organization=organization, stream="transactional")
        assert refused(lambda: Pool.objects.filter(pk=reserve.pk).update(fallback=third))
        assert refused(lambda: Pool.objects.filter(pk=third.pk).update(fallback=alerts))


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_cannot_put_an_ip_into_both_streams(self):
        organization = OrganizationFactory()
        transports = [TransportFactory(organization=organization) for _ in "12"]
        pools = [PoolFactory(organization=organization, stream=stream) for stream in Stream]
        added, told = threading.Event(), []

        def add(number: int) -> None:
            with transaction.atomic():
                SendingIPFactory(
                    organization=organization,
                    address="203.0.113.200",
                    pool=pools[number],
                    transport=transports[number],
                )
                if number == 0:
                    added.set()
                    time.sleep(0.3)

        def second() -> None:
            assert added.wait(10)
            try:
                add(1)
            except IntegrityError as error:
                told.append(str(error))
            finally:
                connection.close()

        other = threading.Thread(target=second)
        other.start()
        add(0)
        other.join(20)

        assert len(told) == 1
        assert "other stream" in told[0]
        assert SendingIP.objects.filter(address="203.0.113.200").count() == 1


class TestSavePool:
    def test_says_what_is_wrong_with_a_fallback(self, organization, alerts):
        news = PoolFactory(organization=organization)
        reserve = PoolFactory(organization=organization, stream="transactional")
        for pool, fallback, code in (
            (news, alerts, "fallback_not_allowed"),
            (alerts, news, "fallback_unfit"),
            (alerts, alerts, "fallback_unfit"),
        ):
            pool.fallback = fallback
            with pytest.raises(DomainError) as refusal:
                save_pool(pool)
            assert refusal.value.code == code
        alerts.fallback = reserve

        assert save_pool(alerts).fallback == reserve

    def test_says_that_a_used_pool_stays(self, organization):
        pool = SendingIPFactory(organization=organization).pool
        pool.stream = "transactional"

        with pytest.raises(DomainError, match="in use"):
            save_pool(pool)


class TestSaveIp:
    def test_says_that_an_ip_sends_the_other_stream(self, organization, alerts):
        ip = SendingIPFactory(organization=organization)
        twin = SendingIPFactory.build(
            organization=organization,
            address=ip.address,
            pool=alerts,
            transport=TransportFactory(organization=organization),
        )

        with pytest.raises(DomainError, match="other kind of mail"):
            save_ip(twin)


class TestFallbackIps:
    def test_are_those_of_pools_that_others_name(self, organization, alerts):
        first = SendingIPFactory(organization=organization, pool=alerts)
        second = SendingIPFactory(
            organization=organization,
            pool=PoolFactory(organization=organization, stream="transactional"),
        )
        alerts.fallback = second.pool
        save_pool(alerts)

        assert fallback_ips([first, second]) == {second.pk}


class TestTheApi:
    def test_answers_with_the_field_that_does_not_fit(self, organization, alerts):
        news = PoolFactory(organization=organization)

        answer = caller(organization, Role.OPERATOR).patch(
            f"/api/pools/{alerts.pk}", {"fallback": news.pk}, format="json"
        )

        assert answer.status_code in {400, 409, 422}
        assert answer.json()["code"] == "fallback_unfit"
