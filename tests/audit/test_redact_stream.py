"""Streaming equals one-shot on every cutting, and any text costs linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.redact import Memory, Redactor
from audit.redact.fold import Folded

REDACTOR = Redactor(lambda kind, value: f"{len(value)}{sum(map(ord, value)) % 997}")

PIECES = (
    "0812-3456-7890",
    "+62 812 3456 7890",
    "budi@example.com",
    "john [at] example [dot] com",
    "4111 1111 1111 1111",
    "NIK: 3171234567890123",
    "DE89 3704 0044 0532 0130 00",
    "NPWP 09.254.294.3-407.000",
    "My name is Anna Smith",
    "Anna",
    "Pak Budi",
    "alamat: Jl. Sudirman No. 5, Denpasar 80361",
    "12 Baker Street, London",
    "born 12 May 1990",
    "password: hunter2",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcd1234",
    "Regards,\nAnna Smith",
    "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMII",
    "mail=john%40example.com",
    "c3VwZXIgc2VjcmV0IGpvaG5AZXhhbXBsZS5jb20=",
    "телефон 8 912 345-67-89",
    "٠٨١٢٣٤٥٦٧٨٩٠",
    "meine Straße ist Hauptstraße 5, 10115 Berlin",
    "姓名：王小明",
    "田中様",
    "это Анна Белова",
    "أنا سارة الحربي",
    "我是陈晓东",
    "山本美咲です",
    "저는 이서연이고",
    "mysql -u root -pS3cretPw ",
    "password for the shop is Lav3nder-8",
    "我的电话是13993272761吗",
    "[10:25 AM] Anna: ",
    "Anna: ",
    "Anna Smith at ",
    "what is your phone number?\n",
    "Sure, it's 555-0199",
    "(085) 5986-834-Office",
    "| Name | Anna Smith |",
    'dbPassword: "t0psecret"',
    "IBAN FR4896044733199",
    "the words go on and on and on",
    "so that, after all, a line gets long. And then",
    "\u200b",
    "\n",
    " ",
    " ",
    ", ",
    ". ",
    "\r\n",
    "passport X1234567",
    "account 123456789 12",
    "a" * 90,
    "1 2 3 4 5 6 7 8 9 10 11 12 13 14",
    "и слова идут дальше. И ещё",
    "İ",
    "ſ",
    "，这里没有空格的文字很长很长。",
    "order 1234567890",
    "v1.2.3",
    "Rp 4.500.000",
    "ss\ud800",
)


def streamed(text: str, cuts: list[int]) -> str:
    stream = REDACTOR.stream()
    done, at = [], 0
    for cut in [*sorted(cuts), len(text)]:
        done.append(stream.feed(text[at:cut]))
        at = cut
    return "".join([*done, stream.close()])


texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=40).map("".join)


@settings(max_examples=250, deadline=None)
@given(texts, st.lists(st.integers(0, 900), max_size=12))
def test_stream_equals_one_shot_on_every_cutting(text, cuts):
    assert streamed(text, [min(cut, len(text)) for cut in cuts]) == REDACTOR.redact(text).text


@settings(max_examples=60, deadline=None)
@given(texts)
def test_stream_of_single_characters_equals_one_shot(text):
    assert streamed(text, list(range(len(text)))) == REDACTOR.redact(text).text


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_folding_keeps_the_way_back_to_the_original(text):
    folded = Folded(text)

    assert len(folded.view) == len(folded.text)
    places = [folded.back(i) for i in range(len(folded.text) + 1)]
    assert places == sorted(places)
    assert places[-1] == len(text)


@settings(max_examples=100, deadline=None)
@given(texts)
def test_findings_point_at_what_was_replaced(text):
    done = REDACTOR.redact(text)

    at, pieces = 0, []
    for finding in done.findings:
        assert at <= finding.start <= finding.end <= len(text)
        pieces += [text[at : finding.start], finding.replacement]
        at = finding.end
    assert "".join([*pieces, text[at:]]) == done.text


def test_stream_holds_back_one_segment_at_most():
    stream = REDACTOR.stream()
    text = "the quick brown fox jumps over the lazy dog and " * 40
    given_out = 0
    for at in range(0, len(text), 24):
        given_out += len(stream.feed(text[at : at + 24]))
        assert at + 24 - given_out <= 256 + 24


HOSTILE = {
    "dotted": "a." * 8192 + "@",
    "at signs": "a@" * 8192,
    "digits": "1" * 16384,
    "spaced digits": "1 " * 8192,
    "dashes": "1-" * 8192,
    "cards": "4111 1111 1111 1112 " * 800,
    "letters": "a" * 16384,
    "capitals": "Aa " * 5400,
    "colons": "a:" * 8192,
    "keys": "password " * 1800,
    "assignments": "token=" * 2700,
    "percent": "%41" * 5400,
    "base64": "QUFB" * 4096,
    "begin": "-----BEGIN PRIVATE KEY-----\n" * 560,
    "iban": "DE89 " * 3200,
    "streets": "12 A St " * 2000,
    "jalan": "Jl. A " * 2700,
    "names": "Mr. John Smith " * 1090,
    "phones": "0812-3456-7890 " * 1090,
    "quotes": "\"'" * 8192,
    "brackets": "[at](" * 3200,
    "foreign": "имя " * 4096,
    "wide": "０" * 16384,
    "zero width": "1\u200b" * 8192,
    "lines": "\n" * 16384,
    "labels": "phone nik card " * 1090,
    "eyJ": "eyJ" * 5400,
    "cells": "name,nik\n" + "Zul,3171014506920003\n" * 780,
    "open cells": "name,nik\n" + '"a,' * 5400,
    "statements": "(name,nik) values ('Zul','3171014506920003')," * 360,
    "first names": "tell Kevin and " * 1090,
    "questions": "passport?\nok\n" * 1260,
    "ip": "1.1.1.1." * 2048,
    "hex": "ab:cd:" * 2700,
    "dates": "born 1.1.1990 " * 1170,
    "speakers": "Anna: " * 2700,
    "speaker lines": "[10:00] Anna: \n" * 1170,
    "mailed": "Anna Smith at a@" * 1024,
    "answers": "phone? it's 5550123 " * 820,
    "flats": "12 A 3 Apt " * 1490,
    "families": "田中佐々木" * 3277,
    "families of one sign": "王" * 16384,
    "I am": "это Анна " * 1820,
    "I am, in Arabic": "أنا سارة " * 1820,
    "I am, in Chinese": "我是王" * 5461,
    "shell": "mysql -p " * 1820,
    "passwords for": "password for the " * 963,
    "fields": "name: A " * 2048,
    "values of one head": "".join(f"Mr. Aa B{x}{y}\n" for x in "abcdefghij" for y in "abcdefghij")
    + "Aa " * 5000,
    "values in one word": "".join(f"password: {'a' * n}1\n" for n in range(5, 65)) + "a" * 9000,
    "values": "Mr. Aa Mr. Bb Mr. Cc Mr. Dd " * 585,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_linear_time(name):
    text = HOSTILE[name]
    REDACTOR.redact(text[:1000])

    def cost(sample: str) -> float:
        began = time.process_time()
        REDACTOR.redact(sample, Memory())
        return time.process_time() - began

    small = min(cost(text[:4096]) for _ in range(2))
    large = min(cost(text) for _ in range(2))

    assert large < 8 * small + 0.05
