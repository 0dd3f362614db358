"""The price book: what it says does not depend on the order in which it was told."""

from __future__ import annotations

import json
import sys
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import MarketKey
from hedgerow.core.secrets import Secret
from hedgerow.core.states import FixtureStatus
from hedgerow.feed import wire
from hedgerow.feed.book import BookChange, ChangeKind, PriceBook
from hedgerow.feed.catalogue import Catalogue, market_of
from hedgerow.feed.codec import JSON
from hedgerow.feed.session import Cursors, Session, Wanted

FIXTURE = "id1000001772221240"
WINNER = MarketKey(FIXTURE, 101)
OVER_UNDER = MarketKey(FIXTURE, 1010)


@pytest.fixture
def book(catalogue):
    return PriceBook(catalogue)


def apply(book, text, now_ms=5000):
    session = Session(Secret(""), Wanted(), Cursors())
    return book.apply(session.receive(memoryview(text), True), text, JSON, now_ms)


def answer(say, *rows, as_of_ms=5000, **fields):
    """An answer of the odds endpoints with these rows of the bookmaker."""
    told = say.fixture(bookmakers={say.bookmaker: say.meta()}, odds={say.bookmaker: say.rows(*rows)}) | fields
    return msgspec.json.decode(json.dumps(told), type=wire.FixtureOdds)


def odds_of(book, key=WINNER, bookmaker="pinnacle"):
    return [quote and quote.odds for quote in book.quotes(key, bookmaker)]


def test_quotes_stand_in_the_order_of_the_markets_outcomes(book, say):
    apply(book, say.odds(say.row(103, 4.5), say.row(101, 1.5)))
    assert odds_of(book) == [1_500_000, None, 4_500_000]


def test_change_names_each_market_once(book, say):
    changes = apply(book, say.odds(say.row(101), say.row(1010), say.row(102), say.row(1011)))
    assert changes == [BookChange(FIXTURE, "pinnacle", (WINNER, OVER_UNDER), ChangeKind.ODDS)]


def test_bookmakers_change_apart(book, say):
    books = {slug: say.rows(say.row(101), bookmaker=slug) for slug in ("pinnacle", "betfair-ex")}
    changes = apply(book, say.frame("odds", {"fixtureId": FIXTURE, "odds": books}))
    assert [change.bookmaker for change in changes] == ["pinnacle", "betfair-ex"]
    assert odds_of(book, bookmaker="betfair-ex")[0] == 2_500_000


def test_newer_move_wins(book, say):
    apply(book, say.odds(say.row(101, 1.5, at=1000)))
    apply(book, say.odds(say.row(101, 1.6, at=1001)))
    assert odds_of(book)[0] == 1_600_000


def test_older_move_that_comes_late_changes_nothing(book, say):
    apply(book, say.odds(say.row(101, 1.5, at=1000)))
    assert apply(book, say.odds(say.row(101, 1.6, at=999))) == []
    assert odds_of(book)[0] == 1_500_000


def test_of_equal_moves_the_later_arrival_wins(book, say):
    apply(book, say.odds(say.row(101, 1.5, at=1000)), 5000)
    apply(book, say.odds(say.row(101, 1.6, at=1000)), 5000)
    assert odds_of(book)[0] == 1_600_000


def test_answer_to_an_older_question_loses_against_an_equal_move(book, say):
    apply(book, say.odds(say.row(101, active=False, at=1000)), 5000)
    book.take_answer(answer(say, say.row(101, active=True, at=1000)), 4999)
    assert not book.quotes(WINNER, "pinnacle")[0].is_active


def test_inactive_quote_keeps_its_place_so_that_an_older_row_cannot_revive_it(book, say):
    apply(book, say.odds(say.row(101, 1.5, at=1000, active=False)))
    apply(book, say.odds(say.row(101, 1.6, at=900)))
    (quote, _, _) = book.quotes(WINNER, "pinnacle")
    assert (quote.odds, quote.is_active) == (1_500_000, False)


def offers(state):
    """What is offered, by odds id; not when it was told."""
    return {name: slot.quote and msgspec.structs.replace(slot.quote, told_ms=0) for name, slot in state.slots.items()}


moves = st.lists(
    st.tuples(st.sampled_from([101, 102, 103]), st.integers(1, 6), st.integers(2, 9)),
    max_size=8,
    unique_by=lambda move: move[:2],
)


@given(moves, st.randoms(use_true_random=False))
def test_any_order_of_frames_gives_the_same_book(say, moves, random):
    told = [say.odds(say.row(outcome, price, at=at)) for outcome, at, price in moves]
    shuffled = random.sample(told, len(told))
    books = []
    for frames in (told, shuffled):
        book = PriceBook(Catalogue())
        for now_ms, text in enumerate(frames):
            apply(book, text, now_ms)
        state = book.bookmaker(FIXTURE, "pinnacle")
        books.append(offers(state) if state else {})
    assert books[0] == books[1]


@given(moves, st.integers(0, 8), st.sets(st.sampled_from([101, 102, 103])))
def test_snapshot_and_frames_merge_the_same_in_any_order(say, moves, asked_after, in_snapshot):
    """Frames before the snapshot was asked for, the snapshot's own rows, frames after: however they interleave."""
    frames = [(say.odds(say.row(outcome, price, at=at)), number) for number, (outcome, at, price) in enumerate(moves)]
    snapshot = answer(say, *(say.row(outcome, 50, at=4) for outcome in sorted(in_snapshot)))
    asked_ms = min(asked_after, len(frames))

    def read(places):
        book = PriceBook(Catalogue())
        for place in places:
            if place == "snapshot":
                book.take_answer(snapshot, asked_ms)
            else:
                apply(book, frames[place][0], frames[place][1] if frames[place][1] < asked_ms else asked_ms + 1)
        state = book.bookmaker(FIXTURE, "pinnacle")
        return offers(state)

    first, last = ["snapshot", *range(len(frames))], [*range(len(frames)), "snapshot"]
    assert read(first) == read(last)


def test_quote_that_a_whole_snapshot_leaves_out_is_gone(book, say):
    apply(book, say.odds(say.row(101, at=1000), say.row(102, at=1000)))
    changes = book.take_answer(answer(say, say.row(101)), 6000, complete_for=["pinnacle"], gone_before_ms=2000)
    assert odds_of(book) == [2_500_000, None, None]
    assert BookChange(FIXTURE, "pinnacle", (WINNER,), ChangeKind.ODDS) in changes


def test_gone_quote_is_not_revived_by_a_move_from_before(book, say):
    apply(book, say.odds(say.row(102, at=1000)))
    book.take_answer(answer(say, say.row(101)), 6000, complete_for=["pinnacle"], gone_before_ms=2000)
    apply(book, say.odds(say.row(102, at=1999)), 7000)
    assert odds_of(book)[1] is None
    apply(book, say.odds(say.row(102, at=2000)), 7001)
    assert odds_of(book)[1] == 2_500_000


def test_quote_that_moved_after_the_snapshot_was_asked_for_stays(book, say):
    apply(book, say.odds(say.row(102, at=2000)))
    book.take_answer(answer(say, say.row(101)), 6000, complete_for=["pinnacle"], gone_before_ms=2000)
    assert odds_of(book)[1] == 2_500_000


def test_quote_that_came_after_the_snapshot_was_asked_for_stays(book, say):
    apply(book, say.odds(say.row(102, at=1000)), 6001)
    book.take_answer(answer(say, say.row(101)), 6000, complete_for=["pinnacle"], gone_before_ms=2000)
    assert odds_of(book)[1] == 2_500_000


def test_quote_that_a_later_answer_has_again_is_back_although_it_did_not_move(book, say):
    apply(book, say.odds(say.row(101), say.row(102, at=1000)))
    book.take_answer(answer(say, say.row(101)), 6000, complete_for=["pinnacle"], gone_before_ms=2000)
    book.take_answer(answer(say, say.row(102, at=1000)), 6000)
    assert odds_of(book)[1] is None
    book.take_answer(answer(say, say.row(102, at=1000)), 6001)
    assert odds_of(book)[1] == 2_500_000


@pytest.mark.parametrize("odds", [{}, {"pinnacle": {}}, None])
def test_answer_that_leaves_out_a_bookmaker_as_a_whole_proves_nothing(book, say, odds):
    apply(book, say.odds(say.row(101, at=1000)))
    book.take_answer(answer(say, odds=odds), 6000, complete_for=["pinnacle"], gone_before_ms=2000)
    book.cover([FIXTURE], ["pinnacle"], 6000, main_lines_only=False)
    state, (quote, _, _) = book.bookmaker(FIXTURE, "pinnacle"), book.quotes(WINNER, "pinnacle")
    assert (quote.odds, state.confirmed_ms(quote)) == (2_500_000, 1000)
    book.take_answer(answer(say, say.row(101, at=1000)), 7000, complete_for=["pinnacle"], gone_before_ms=3000)
    book.cover([FIXTURE], ["pinnacle"], 7000, main_lines_only=False)
    assert state.confirmed_ms(quote) == 7000


def test_partial_answer_takes_nothing_away(book, say):
    apply(book, say.odds(say.row(101), say.row(102)))
    book.take_answer(answer(say, say.row(101)), 6000)
    assert odds_of(book)[:2] == [2_500_000, 2_500_000]


def test_snapshot_takes_nothing_from_bookmakers_that_were_not_asked_for(book, say):
    apply(book, say.odds(say.row(101), bookmaker="betfair-ex"))
    book.take_answer(answer(say, say.row(102)), 6000, complete_for=["pinnacle"], gone_before_ms=2000)
    assert odds_of(book, bookmaker="betfair-ex")[0] == 2_500_000


def test_answer_that_says_nothing_new_changes_nothing(book, say):
    apply(book, say.odds(say.row(101)))
    apply(book, say.bookmakers())
    apply(book, say.frame("fixtures", say.fixture()))
    assert book.take_answer(answer(say, say.row(101)), 6000) == []


def test_quote_that_cannot_be_read_is_no_longer_there(book, say):
    apply(book, say.odds(say.row(101), say.row(102)))
    changes = apply(book, say.odds(say.row(101, at="?"), say.row(102, 3.5, at=1001)), 5001)
    assert odds_of(book) == [None, 3_500_000, None]
    assert changes == [BookChange(FIXTURE, "pinnacle", (WINNER,), ChangeKind.ODDS)]
    apply(book, say.odds(say.row(101, 1.7, at=1000)), 5002)
    assert odds_of(book)[0] == 1_700_000


def test_row_of_another_outcome_than_its_id_says_is_not_used(book, say):
    text = say.frame(
        "odds", {"fixtureId": FIXTURE, "odds": {"pinnacle": {say.name(101): say.row(102), "nonsense": say.row(103)}}}
    )
    apply(book, text)
    assert odds_of(book) == [None, None, None]


def test_row_that_names_another_market_than_the_catalogue_is_not_used(book, say):
    apply(book, say.odds(say.row(101, marketId=1010), say.row(102, marketId=None)))
    assert odds_of(book) == [None, 2_500_000, None]


def test_market_that_no_list_names_has_no_known_space_of_results(say):
    book = PriceBook(Catalogue())
    assert apply(book, say.odds(say.row(101)))[0].markets == (WINNER,)
    assert book.quotes(WINNER, "pinnacle") == ()


def test_quotes_find_their_market_when_it_is_listed_later(catalogue, say):
    book = PriceBook(Catalogue())
    apply(book, say.odds(say.row(101, marketId=None), say.row(102, marketId=None)))
    assert book.catalogue.take_missed(5)
    book.learn_markets([catalogue[101]])
    assert odds_of(book) == [2_500_000, 2_500_000, None]
    changes = apply(book, say.odds(say.row(101, 1.5, at=1001, marketId=None)))
    assert changes[0].markets == (WINNER,)
    assert odds_of(book)[0] == 1_500_000


def test_players_quotes_are_markets_of_their_own(book, say):
    apply(book, say.odds(say.row(101, 5.0, playerId=77), say.row(101, 1.5)))
    assert odds_of(book)[0] == 1_500_000
    assert odds_of(book, MarketKey(FIXTURE, 101, 77))[0] == 5_000_000


def test_suspension_keeps_the_quotes(book, say):
    apply(book, say.odds(say.row(101)))
    apply(book, say.bookmakers(suspended=True))
    assert odds_of(book)[0] == 2_500_000
    assert book.bookmaker(FIXTURE, "pinnacle").meta.is_suspended


def test_quotes_are_kept_that_come_before_their_bookmaker_is_described(book, say):
    apply(book, say.odds(say.row(101)))
    assert book.bookmaker(FIXTURE, "pinnacle").meta is None
    apply(book, say.bookmakers())
    assert odds_of(book)[0] == 2_500_000


def test_change_of_a_bookmaker_names_all_its_markets(book, say):
    apply(book, say.odds(say.row(101), say.row(1010)))
    (change,) = apply(book, say.bookmakers(suspended=True))
    assert change == BookChange(FIXTURE, "pinnacle", (WINNER, OVER_UNDER), ChangeKind.BOOKMAKER)


def test_bookmakers_word_is_superseded_by_its_own_time(book, say):
    apply(book, say.bookmakers(suspended=True, updatedAt="2026-09-03T07:41:28.200000+00:00"))
    late = say.bookmakers(suspended=False, updatedAt="2026-09-03T07:41:28.100000+00:00")
    assert apply(book, late, 9000) == []
    assert book.bookmaker(FIXTURE, "pinnacle").meta.is_suspended


def test_bookmakers_word_without_a_time_is_superseded_by_what_was_true_later(book, say):
    apply(book, say.bookmakers(suspended=True, updatedAt=None), 6000)
    book.take_answer(answer(say, bookmakers={"pinnacle": say.meta(updatedAt=None)}), 5999)
    assert book.bookmaker(FIXTURE, "pinnacle").meta.is_suspended


def test_flag_that_is_left_out_keeps_its_value(book, say):
    apply(book, say.bookmakers(suspended=True, updatedAt=None))
    apply(book, say.bookmakers(suspended=None, staleOdds=True, updatedAt=None))
    meta = book.bookmaker(FIXTURE, "pinnacle").meta
    assert (meta.is_suspended, meta.is_stale, meta.has_odds) == (True, True, True)


@pytest.mark.parametrize("order", list(permutations([0, 1, 2])))
def test_status_moves_forward_only(book, say, order):
    for now_ms, status in enumerate(order):
        apply(book, say.frame("fixtures", say.fixture(status=status)), now_ms)
    assert book.fixture(FIXTURE).status is FixtureStatus.FINISHED


def test_cancelled_is_the_last_word(book, say):
    for status in (3, 1, 2):
        apply(book, say.frame("fixtures", say.fixture(status=status)))
    assert book.fixture(FIXTURE).status is FixtureStatus.CANCELLED


def test_description_from_before_does_not_replace_a_later_one(book, say):
    apply(book, say.frame("fixtures", say.fixture(startTime=200)), 6000)
    book.describe(msgspec.convert(say.fixture(startTime=100, status=1), wire.Fixture), 5999)
    fixture = book.fixture(FIXTURE)
    assert (fixture.start_ms, fixture.status) == (200_000, FixtureStatus.LIVE)


def test_part_that_a_description_leaves_out_keeps_its_value(book, say):
    apply(book, say.frame("fixtures", say.fixture()))
    bare = {"fixtureId": FIXTURE, "status": {"statusId": 1}}
    assert [change.kind for change in apply(book, say.frame("fixtures", bare))] == [ChangeKind.FIXTURE]
    assert book.fixture(FIXTURE).info.participants.participant1_name == "One"
    assert book.fixture(FIXTURE).quarantine is None


def test_new_start_is_a_change_of_the_fixture(book, say):
    apply(book, say.frame("fixtures", say.fixture()))
    assert apply(book, say.frame("fixtures", say.fixture())) == []
    (change,) = apply(book, say.frame("fixtures", say.fixture(startTime=5)))
    assert (change.kind, change.markets) == (ChangeKind.FIXTURE, ())


def test_scores_merge_by_period_and_may_go_down(book, say):
    apply(
        book,
        say.frame("scores", {"fixtureId": FIXTURE, "scores": {"p1": say.score(1, 0), "result": say.score(1, 0)}}),
    )
    correction = say.score(0, 0, at="2026-09-03T07:42:00+00:00")
    (change,) = apply(book, say.frame("scores", {"fixtureId": FIXTURE, "scores": {"result": correction}}))
    scores = book.fixture(FIXTURE).info.scores
    assert change.kind is ChangeKind.SCORES
    assert (scores["result"].participant1_score, scores["p1"].participant1_score) == (0, 1)


def test_score_from_before_changes_nothing(book, say):
    apply(book, say.frame("scores", {"fixtureId": FIXTURE, "scores": {"result": say.score(2, 0)}}))
    earlier = say.score(1, 0, at="2026-09-03T09:41:28+02:00")
    assert apply(book, say.frame("scores", {"fixtureId": FIXTURE, "scores": {"result": earlier}})) == []


def test_empty_clock_of_a_description_does_not_stop_the_clock(book, say):
    clock = {"currentPeriod": "p2", "currentTime": "67:00", "stopped": False}
    (change,) = apply(book, say.frame("clocks", {"fixtureId": FIXTURE, "clock": clock}))
    assert change.kind is ChangeKind.CLOCK
    apply(book, say.frame("fixtures", say.fixture(status=1)))
    assert book.fixture(FIXTURE).info.clock.current_time == "67:00"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"sport": {"sportId": 11}}, "says sport 10"),
        ({"tournament": {"tournamentId": 8}}, "says tournament 17"),
        ({"sport": None}, "does not name its sport"),
        ({"status": 9}, "status 9 is not known"),
    ],
)
def test_fixture_that_contradicts_itself_is_quarantined_until_it_does_not(book, say, fields, why):
    apply(book, say.frame("fixtures", say.fixture(**fields)))
    assert why in book.fixture(FIXTURE).quarantine
    (change,) = apply(book, say.frame("fixtures", say.fixture()))
    assert change.kind is ChangeKind.FIXTURE
    assert book.fixture(FIXTURE).quarantine is None


def test_currency_rates_are_exact_and_only_positive(book, say):
    rates = {
        "EUR": {"currency": "EUR", "currencyValue": 0.84788876},
        "XXX": {"currency": "XXX", "currencyValue": 0},
        "YYY": {"currency": "YYY", "currencyValue": None},
    }
    apply(book, say.frame("currencies", rates))
    assert str(book.rates.from_usd(1, "EUR")) == "0.84788876"
    with pytest.raises(LookupError):
        book.rates.from_usd(1, "XXX")


def test_bookmaker_that_the_feed_has_lost_is_stale_until_it_is_heard_again(book, say):
    apply(book, say.odds(say.row(101)))
    lost = wire.Bookmaker(slug="pinnacle", last_odds_at=1_000_000, limit_currency="USD")
    (change,) = book.learn_bookmakers([lost], 1_000_241_000)
    assert (change.kind, change.markets) == (ChangeKind.BOOKMAKER, (WINNER,))
    assert book.stale_bookmakers == {"pinnacle"}
    assert book.limit_currency("pinnacle") == "USD"
    assert book.learn_bookmakers([lost], 1_000_241_000) == []
    (change,) = book.learn_bookmakers([lost], 1_000_240_000)
    assert book.stale_bookmakers == frozenset()


def test_bookmakers_own_threshold_counts(book):
    slow = wire.Bookmaker(slug="vertex", last_odds_at="1970-01-01T00:00:00Z", stale_threshold_sec=24048)
    book.learn_bookmakers([slow], 24_048_000)
    assert book.stale_bookmakers == frozenset()


def test_large_frame_is_let_go_and_its_quotes_stay(book, say):
    rows = [say.row(outcome, 1.5, player, playerId=player) for player in range(1, 20) for outcome in (101, 102, 103)]
    text = say.odds(*rows)
    assert len(text) > 8192
    apply(book, text, 1000)
    before = odds_of(book, MarketKey(FIXTURE, 101, 7))
    assert sys.getrefcount(text) > 100  # every value of its rows looks into it
    assert not book.settle(1000)
    assert book.settle(1001)
    assert not book.settle(1001)
    assert sys.getrefcount(text) == 2  # ours and the question's own
    assert before == odds_of(book, MarketKey(FIXTURE, 101, 7)) == [1_500_000] * 3


def test_large_frame_whose_quotes_were_replaced_leaves_them_alone(book, say):
    rows = [say.row(101, 1.5, 1, playerId=player) for player in range(1, 40)]
    apply(book, say.odds(*rows), 1000)
    apply(book, say.odds(*(say.row(101, 1.6, 2, playerId=player) for player in range(1, 40))), 1001)
    while book.settle(5000):
        pass
    assert odds_of(book, MarketKey(FIXTURE, 101, 7))[0] == 1_600_000


def test_fixture_that_the_feed_lost_is_in_quarantine_until_it_is_described_again(book, say):
    apply(book, say.frame("fixtures", say.fixture()))
    (change,) = book.lose(FIXTURE)
    assert change.kind is ChangeKind.FIXTURE
    assert "does not know" in book.fixture(FIXTURE).quarantine
    apply(book, say.frame("fixtures", say.fixture()))
    assert book.fixture(FIXTURE).quarantine is None
    assert book.lose("id1000001700000009") == []


def test_cleared_book_says_so_of_every_fixture(book, say):
    apply(book, say.odds(say.row(101)))
    assert [change.fixture_id for change in book.clear()] == [FIXTURE]
    assert odds_of(book) == [None] * 3


def test_what_is_over_or_unknown_is_forgotten_after_a_while(book, say):
    over, unknown, live = "id1000001700000001", "id1000001700000002", "id1000001700000003"
    apply(book, say.frame("fixtures", say.fixture(over, status=2)), 1000)
    apply(book, say.odds(say.row(101), fixture=unknown), 1000)
    apply(book, say.frame("fixtures", say.fixture(live, status=1)), 1000)
    assert book.forget(1000) == 0
    assert book.forget(1001) == 2
    assert [fixture.fixture_id for fixture in book.fixtures()] == [live]


def test_real_snapshot_gives_every_price_exactly(shared):
    text = shared("data/oddspapi/v5shape_odds_id1000232463448499.json").read_bytes()
    markets = shared("data/oddspapi/markets_catalogue_10_soccer.json").read_bytes()
    book = PriceBook(Catalogue(map(market_of, msgspec.json.decode(markets, type=list[wire.Market]))))
    book.take_answer(msgspec.json.decode(text, type=wire.FixtureOdds), 1_759_300_000_000)
    exact = json.loads(text, parse_float=str, parse_int=str)
    quotes = 0
    for slug, rows in exact["odds"].items():
        for row in rows.values():
            key = MarketKey(exact["fixtureId"], int(row["marketId"]), int(row["playerId"]))
            place = book.catalogue[key.market_id].outcomes.index(int(row["outcomeId"]))
            quote = book.quotes(key, slug)[place]
            whole, _, fraction = row["price"].partition(".")
            price = int(whole + fraction.ljust(6, "0"))
            assert quote.odds == (price if price > 1_000_000 else None)
            quotes += 1
    assert quotes == 628


def test_a_bookmakers_own_id_of_a_fixture_is_known_once_it_was_told(book, say):
    assert book.fixture_ref("pinnacle", FIXTURE) is None
    apply(book, say.bookmakers())
    assert book.fixture_ref("pinnacle", FIXTURE) == "1634530286"
    assert book.fixture_ref("vertex", FIXTURE) is None
