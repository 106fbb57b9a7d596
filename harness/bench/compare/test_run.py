#!/usr/bin/env python3
"""Tests of what run.py makes of what graders say. Needs nothing but Python: python3 harness/bench/compare/test_run.py"""

import json
import pathlib
import tempfile
import unittest

import run


class Programs(unittest.TestCase):
    def test_every_chosen_program_is_there_and_loses_or_keeps_core_points(self):
        data, programs = run.chosen(None)
        self.assertEqual(sorted(programs.values()).count("rejected"), 20)
        submissions = run.TOP / "labs" / data["lab"] / "submissions"
        for name, kind in programs.items():
            self.assertTrue(any((submissions / kind / file).exists() for file in (name, f"{name}.toml")), name)
        accepted = submissions / "accepted"
        self.assertEqual({path.name for path in accepted.iterdir()}, set(data["accepted"]))

    def test_an_unknown_program_is_named(self):
        with self.assertRaisesRegex(run.Trouble, "no-such"):
            run.chosen(["whole", "no-such"])

    def test_every_accepted_program_can_be_put_in_order(self):
        data, _ = run.chosen(None)
        lab = run.TOP / "labs" / data["lab"]
        with tempfile.TemporaryDirectory() as place:
            for name in data["accepted"]:
                target = pathlib.Path(place) / name
                run.tidy(lab / "submissions" / "accepted" / name, target, lab / "starter")
                rules = (target / "Makefile").read_text()
                self.assertIn("iserver:", rules)
                self.assertIn("comclient:", rules)

    def test_a_submission_without_a_program_is_refused(self):
        with tempfile.TemporaryDirectory() as place:
            source = pathlib.Path(place) / "empty"
            source.mkdir()
            with self.assertRaisesRegex(run.Trouble, "0 sources of iserver"):
                run.tidy(source, pathlib.Path(place) / "target", source)


class Outcomes(unittest.TestCase):
    def check(self, read, text, expect):
        self.assertEqual(read(text), expect if expect is None else frozenset(expect))

    def test_lines(self):
        self.check(run.outcome_of_lines, "ok echo-one\nnot ok own-pair: exit status 1\n", ["own-pair"])
        self.check(run.outcome_of_lines, "ok echo-one\n", [])
        self.check(run.outcome_of_lines, "not ok build: comclient.c:1: error\n", ["build"])
        self.check(run.outcome_of_lines, "", None)

    def test_junit(self):
        text = '<testsuites><testsuite>{}</testsuite></testsuites>'.format
        case = '<testcase name="test_own_pair">{}</testcase>'.format
        self.check(run.outcome_of_junit, text(case("")), [])
        for kind in ("failure", "error", "skipped"):
            self.check(run.outcome_of_junit, text(case("") + case(f"<{kind}/>")), ["own-pair"])
        self.check(run.outcome_of_junit, text(""), None)
        self.check(run.outcome_of_junit, "", None)

    def test_check50(self):
        text = lambda *marks: json.dumps({"results": [{"name": f"check_{i}", "passed": mark} for i, mark in enumerate(marks)]})
        self.check(run.outcome_of_check50, text(True, False, None), ["check-1", "check-2"])
        self.check(run.outcome_of_check50, text(True), [])
        self.check(run.outcome_of_check50, text(), None)
        self.check(run.outcome_of_check50, '{"error": {}}', None)
        self.check(run.outcome_of_check50, "", None)

    def test_report(self):
        case = lambda verdict, earned: {"id": "echo", "verdict": verdict, "parts": [{"aspect": "bytes", "earned": earned, "max": 2}]}
        text = lambda *cases: json.dumps({"cases": list(cases)})
        self.check(run.outcome_of_report, text(case("pass", 2)), [])
        self.check(run.outcome_of_report, text(case("fail", 1)), ["echo/bytes"])
        self.check(run.outcome_of_report, text(case("unknown", 2)), ["echo/unknown"])
        self.check(run.outcome_of_report, text(), None)
        self.check(run.outcome_of_report, "{}", None)


GOOD, BAD, WORSE = frozenset(), frozenset({"echo"}), frozenset({"echo", "exit"})


class Summaries(unittest.TestCase):
    programs = {"fine": "accepted", "broken": "rejected"}

    def summary(self, idle, loaded):
        timed = lambda runs: {name: [(outcome, 1.0 + at) for at, outcome in enumerate(found)] for name, found in runs.items()}
        return run.summary(self.programs, timed(idle), timed(loaded))

    def test_all_is_well(self):
        got = self.summary({"fine": [GOOD, GOOD], "broken": [BAD, BAD]}, {"fine": [GOOD], "broken": [BAD]})
        self.assertEqual(got["caught"], {"broken": [3, 3]})
        self.assertEqual(got["alarms"], {"fine": [0, 3]})
        self.assertEqual((got["changed_idle"], got["changed_loaded"]), ({"fine": 0, "broken": 0}, {"fine": 0, "broken": 0}))
        self.assertEqual((got["seconds_good"], got["others"]), (1.5, {}))

    def test_a_verdict_changes_without_passing_or_failing(self):
        got = self.summary({"fine": [GOOD], "broken": [BAD]}, {"fine": [GOOD], "broken": [WORSE]})
        self.assertEqual(got["caught"], {"broken": [2, 2]})
        self.assertEqual(got["changed_loaded"], {"fine": 0, "broken": 1})
        self.assertEqual(got["others"], {"broken": ["echo exit"]})

    def test_a_fault_is_caught_sometimes_and_a_good_program_fails_sometimes(self):
        got = self.summary({"fine": [GOOD, BAD, GOOD], "broken": [BAD, BAD, GOOD]}, {"fine": [None], "broken": [GOOD]})
        self.assertEqual(got["caught"], {"broken": [2, 4]})
        self.assertEqual(got["alarms"], {"fine": [2, 4]})
        self.assertEqual(got["changed_idle"], {"fine": 1, "broken": 1})
        self.assertEqual(got["changed_loaded"], {"fine": 1, "broken": 1})
        self.assertEqual(run.share(got["caught"]), "0 of 1, 1 sometimes")

    def test_the_table_says_it(self):
        got = self.summary({"fine": [BAD], "broken": [GOOD]}, {"fine": [BAD], "broken": [BAD]})
        document = {
            "graders": ["bash"], "compiling": {"good": 0.5, "wrong": 0.5}, "results": {"bash": got}, "runs": 1,
            "programs": self.programs, "kinds": {"fine": "", "broken": "another port"},
        }
        text = run.table(document)
        self.assertIn("| a good submission, median | 1.00 s (2.0x) |", text)
        self.assertIn("| verdicts changed, loaded | 1 of 2 |", text)
        self.assertIn("| `broken` | another port | **1 of 2** |", text)
        self.assertIn("bash, sleeps of 1 s failed the accepted `fine` every time: echo", text)
        self.assertIn("bash, sleeps of 1 s on `broken`: usually fails nothing; also echo", text)


if __name__ == "__main__":
    unittest.main()
