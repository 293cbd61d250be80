"""What users of other gateways suffered from, each with the tests that stand for it here.

The list was gathered from the issues of about fifteen gateways in 2026; a row names where it was
reported. This test holds that the named tests exist, those tests hold that it does not happen.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TABLE = """\
a client that leaves keeps the backend generating: BerriAI/litellm#30244
    gateway/dialects/test_leaving.py::test_the_provider_is_not_asked_to_go_on
    backends/test_adapters.py::test_a_stall_is_cancelled_without_delay
nobody notices who leaves before the first token: BerriAI/litellm#31499
    backends/test_routes.py::test_cancelling_while_the_first_token_is_awaited_lets_go
    e2e/test_leaving.py::test_delete_before_the_first_token_closes_it_too
cancelling works in one protocol only: BerriAI/litellm#36123
    gateway/dialects/test_leaving.py::test_the_provider_is_not_asked_to_go_on
calls that do not stream are never cancelled: BerriAI/litellm#37140
    e2e/test_leaving.py::test_a_chat_that_is_given_up_cancels_at_once
    gateway/dialects/test_leaving.py::test_the_provider_is_not_asked_to_go_on
what leaving means cannot be chosen: QuantumNous/new-api#4186
    gateway/stream/test_generation.py::test_the_policy_decides_what_leaving_means
    e2e/test_leaving.py::test_policy_cancel_closes_at_once
    e2e/test_leaving.py::test_policy_drain_runs_to_the_end
after a hang-up the usage is 0: QuantumNous/new-api#4463
    e2e/test_limits_spent.py::test_a_stopped_stream_pays_what_it_has_said
    gateway/stream/test_transcript.py::test_without_it_the_estimate_says_so_and_is_not_zero
an aborted stream has no record: BerriAI/litellm#33736
    e2e/test_audit.py::test_a_chat_has_a_start_and_exactly_one_end
    gateway/stream/test_generation.py::test_many_stops_make_one_end
the text of an error is billed as output: QuantumNous/new-api#5289
    gateway/dialects/test_pains.py::test_the_words_of_an_error_after_200_are_not_counted
counting tokens blocks the loop: BerriAI/litellm#36429
    gateway/dialects/test_pains.py::test_thirty_long_answers_that_were_left_are_estimated_at_once
connections of abandoned streams leak: maximhq/bifrost#3164
    backends/test_soak.py::test_streams_that_are_left_at_random_leave_nothing_open
    e2e/test_leaving.py::test_nothing_is_left_after_many_cuts
a preamble commits, so that fallback never runs: maximhq/bifrost#5395
    backends/test_routes.py::test_preamble_is_held_back_and_fallback_is_invisible
half an answer looks whole: Portkey-AI/gateway#1797
    gateway/dialects/test_every_dialect.py::test_an_answer_that_breaks_off_never_looks_finished
    backends/test_quirks.py::test_cut_at_every_byte_it_is_an_error_or_the_whole_answer
an overload inside a 200 is no error: BerriAI/litellm#6532
    backends/test_quirks.py::test_errors_in_the_stream_are_typed
an error inside a stream is dropped: BerriAI/litellm#40578
    backends/test_quirks.py::test_an_error_after_a_finish_is_an_error
    backends/test_quirks.py::test_done_without_finish_is_truncated
after the first words a fallback says them again: BerriAI/litellm#32835
    backends/test_routes.py::test_nothing_is_tried_after_the_first_output
    gateway/dialects/test_attempts.py::test_who_goes_on_is_told_between_the_halves_in_every_protocol
after a fallback it is not told who serves: BerriAI/litellm#31722
    gateway/dialects/test_attempts.py::test_tries_are_told_beside_the_answer_in_every_protocol
fallback works for whole answers only: BerriAI/litellm#25843
    gateway/dialects/test_attempts.py::test_a_provider_that_is_away_is_invisible_to_every_client
a fallback goes to a backend that cannot serve the call: BerriAI/litellm#41385
    backends/test_routes.py::test_a_target_that_cannot_carry_the_request_is_skipped
    gateway/dialects/test_fields.py::test_a_backend_that_cannot_is_not_asked
only the first token has a clock: tensorzero/tensorzero#6328
    gateway/stream/test_generation.py::test_a_silent_provider_meets_the_idle_clock
    gateway/stream/test_generation.py::test_an_endless_answer_meets_the_total_clock
    backends/test_routes.py::test_a_first_token_too_late_is_a_timeout_and_the_call_is_let_go
    backends/test_odd_upstreams.py::test_a_handshake_that_never_ends_is_a_timeout
a long think is cut by a balancer: BerriAI/litellm#37322
    gateway/dialects/test_pains.py::test_headers_go_out_before_a_model_that_thinks_long_says_a_word
    gateway/stream/test_ticker.py::test_silence_of_fifteen_seconds_is_answered_by_a_comment
comments do not keep every client alive: Menci/Floway#498
    gateway/dialects/test_messages.py::test_silence_is_a_ping_and_never_a_comment
heartbeats hide a dead provider for ever: aaif-goose/goose#11679
    gateway/dialects/test_every_dialect.py::test_an_answer_that_breaks_off_never_looks_finished
    e2e/test_faults.py::test_a_long_answer_meets_its_total_time
one hung backend blocks the others: vllm-project/production-stack#749
    backends/test_routes.py::test_an_open_breaker_sends_calls_to_the_next_target_at_once
    e2e/test_slow_clients.py::test_a_hundred_streams_at_once_are_all_whole
without Redis every replica admits the whole limit: BerriAI/litellm#35533
    ratelimit/test_outage.py::test_workers_divide_a_local_limit_and_remember_what_they_admitted
    ratelimit/test_outage.py::test_closed_limit_refuses_with_a_short_wait
a slot is never given back: BerriAI/litellm#20256
    ratelimit/test_processes.py::test_killed_worker_gives_its_lease_back_and_pays_what_it_had_used
slots leak in one protocol: BerriAI/litellm#27955
    e2e/test_limits.py::test_a_limit_of_open_streams_counts_what_runs
    e2e/test_limits_spent.py::test_while_it_runs_it_holds_its_reservation_and_its_slot
a refusal by one limit is charged to another: BerriAI/litellm#39309
    ../ratelimit/contract.py::test_refusal_charges_nothing_anywhere
tokens are counted only afterwards: BerriAI/litellm#18730
    e2e/test_limits.py::test_tokens_are_reserved_and_what_was_not_used_is_given_back
streams escape the token limit: BerriAI/litellm#41610
    e2e/test_limits_spent.py::test_a_stream_pays_what_it_used_also_when_it_was_cut
replicas leak past the limit: maximhq/bifrost#3547
    ratelimit/test_processes.py::test_eight_processes_of_64_tasks_admit_exactly_the_limit
    e2e/test_limits.py::test_two_processes_on_one_redis_share_the_limit_exactly
the provider's Retry-After is lost: BerriAI/litellm#21553
    gateway/dialects/test_pains.py::test_the_providers_wait_and_whose_limit_it_was_are_passed_on
chunks that official accumulators fail on: BerriAI/litellm#28735
    gateway/dialects/test_chat.py::test_the_stream_has_one_identity_and_the_usage_comes_last
    gateway/dialects/test_every_dialect.py::test_one_tool_call_has_id_name_and_arguments
characters break at the border of reads: api7/aisix#111
    backends/test_sse.py::test_any_bytes_in_any_pieces_give_the_same_frames
    backends/test_quirks.py::test_rechunked_at_every_byte_the_events_are_the_same
a compressed stream is an empty answer: Kong/kong#14893
    backends/test_odd_upstreams.py::test_a_compressed_answer_is_read_although_it_was_not_asked_for
a line without end or a slow reader fills the memory: NousResearch/hermes-agent#58471
    backends/test_sse.py::test_a_frame_over_the_cap_is_an_error
    gateway/stream/test_ticker.py::test_who_does_not_read_is_cut_after_the_limit_and_gets_nothing_before
tool calls under the index of their block: BerriAI/litellm#5231
    backends/test_quirks.py::test_tool_indexes_count_tools_not_blocks
    gateway/dialects/test_blocks.py::test_interleaved_parallel_tool_calls_come_out_one_after_the_other
a call that ends as `stop`, or a tool reason without a tool: weave-os/router#250
    backends/test_quirks.py::test_stop_with_tool_calls_ends_for_their_sake
    backends/test_quirks.py::test_tool_calls_without_a_tool_is_a_stop
cached tokens lost or counted twice: envoyproxy/ai-gateway#2352
    backends/test_quirks.py::test_usage_buckets_are_disjoint
    backends/test_quirks.py::test_usage_is_cumulative_and_keeps_the_input
pictures, signatures and fields lost without a word: BerriAI/litellm#20403
    gateway/dialects/test_fields.py::test_no_field_is_lost_without_a_word
    gateway/dialects/test_there_and_back.py::test_ten_turns_return_to_the_letter
    backends/test_bodies.py::test_tool_results_stand_first_and_their_pictures_are_lifted
    backends/test_bodies.py::test_thinking_returns_unchanged_and_without_signature_not_at_all
"""


def read(table: str) -> dict[str, list[str]]:
    """Read a line for each pain, and under it, indented, its tests."""
    pains: dict[str, list[str]] = {}
    for line in table.splitlines():
        if line.startswith(" "):
            pains[next(reversed(pains))].append(line.strip())
        else:
            pains[line] = []
    return pains


PAINS = read(TABLE)


@functools.cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((TESTS / path).read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


@pytest.mark.parametrize("pain", PAINS)
def test_a_pain_has_tests_that_exist(pain: str):
    named = [name.split("::") for name in PAINS[pain]]

    assert named
    assert [test for path, test in named if test not in names_in(path)] == []
