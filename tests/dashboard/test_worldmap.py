"""The map of agents: a place for every country that an agent may name, and a dot where there are some."""

from __future__ import annotations

from hedgerow.dashboard.worldmap import chart, places
from hedgerow.scraping.gateway.request import COUNTRIES


def test_every_country_has_one_place_on_the_globe() -> None:
    assert set(places()) == set(COUNTRIES)
    assert all(-90 <= latitude <= 90 and -180 <= longitude <= 180 for latitude, longitude in places().values())


def test_countries_lie_where_they_do() -> None:
    found = places()
    assert found["NO"][0] > found["DE"][0] > found["IT"][0] > 0 > found["ZA"][0]
    assert found["US"][1] < found["GB"][1] < found["DE"][1] < found["JP"][1]


def test_country_with_agents_is_larger_and_named() -> None:
    empty, some = chart({"DE": 2, "US": 1, "XX": 3})["series"]
    assert [(dot["name"], dot["value"][:2]) for dot in some["data"]] == [("DE: 2", [10, 51]), ("US: 1", [-98, 39])]
    assert some["data"][0]["symbolSize"] > some["data"][1]["symbolSize"] > empty["symbolSize"]
    assert {country for _, _, country in empty["data"]} == set(places()) - {"DE", "US"}


def test_dot_of_many_agents_stays_a_dot() -> None:
    assert chart({"DE": 100_000})["series"][1]["data"][0]["symbolSize"] <= 28
