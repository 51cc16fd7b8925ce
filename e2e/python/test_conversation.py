"""python3 -m unittest"""

import unittest

from conversation import Ledger, Message, decode, encode, merge_patch


class MergePatch(unittest.TestCase):
    # RFC 7396, appendix A.
    CASES = [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ]

    def test_examples_of_the_rfc(self):
        for target, patch, result in self.CASES:
            self.assertEqual(merge_patch(target, patch), result, (target, patch))

    def test_the_target_is_left_alone(self):
        target = {"a": {"b": 1}, "c": 2}
        merge_patch(target, {"a": {"b": None}, "c": None})
        self.assertEqual(target, {"a": {"b": 1}, "c": 2})


class Frames(unittest.TestCase):
    def test_forms(self):
        for line, frame in [
            ("r12.ab3f9,7|[1,\u2028\"*|\"]".replace("\u2028", '"\u2028",'), ("r", ["12.ab3f9", "7"], [1, "\u2028", "*|"])),
            ("t3a,|0", ("t", ["3a", ""], 0)),
            ("v1*AP8=", ("v", ["1"], b"\x00\xff")),
            ("p", ("p", [""], None)),
            ('h{"id":"a|b,c*","in":3}', ("h", [], {"id": "a|b,c*", "in": 3})),
        ]:
            self.assertEqual(decode(line), frame)

    def test_encode_is_compact_and_one_line(self):
        self.assertEqual(encode({"a": ["\n", "ä"]}), '|{"a":["\\n","ä"]}')
        self.assertEqual(encode(b"\x00\xff"), "*AP8=")
        self.assertEqual(encode(None), "")


class Settling(unittest.TestCase):
    def setUp(self):
        self.ledger, self.settled = Ledger(), {}
        for n in range(1, 5):
            message = Message("C", ["chat.say"], n, lambda value, error, n=n: self.settle(n, value, error))
            message.sent = n < 4
            self.ledger.add(message)
        self.ledger.reached("0.")

    def settle(self, n, value, error):
        self.assertNotIn(n, self.settled, "settled twice")
        self.settled[n] = error.code if error else value

    def test_an_acknowledgement_that_overtakes_the_answers_settles_nothing(self):
        self.ledger.acknowledged(3, 2)
        self.assertEqual(self.settled, {})
        self.assertEqual([n for n, _ in self.ledger.pending()], [4], "what took effect is sent again")
        self.ledger.answered(1, "one")
        self.ledger.reached("1.a")
        self.assertEqual(self.settled, {1: "one"}, "the cursor has not reached the offset")
        self.ledger.answered(3, "three")
        self.ledger.reached("2.b")
        self.assertEqual(self.settled, {1: "one", 2: None, 3: "three"})

    def test_a_repeat_is_known_by_its_offset(self):
        self.assertFalse(self.ledger.seen("1.a"))
        self.ledger.reached("3.c")
        self.assertTrue(self.ledger.seen("3.c"))
        self.assertTrue(self.ledger.seen("2.b"))
        self.assertFalse(self.ledger.seen("10.d"))

    def test_an_answer_settles_what_was_said_before(self):
        self.ledger.answered(2, "two")
        self.assertEqual(self.settled, {1: None, 2: "two"})
        self.assertEqual([n for n, _ in self.ledger.pending()], [3, 4])

    def test_an_acknowledgement_behind_the_cursor_settles_at_once(self):
        self.ledger.reached("5.a")
        self.ledger.acknowledged(2, 4)
        self.assertEqual(self.settled, {1: None, 2: None})

    def test_after_a_loss_what_was_sent_before_fails(self):
        self.ledger.lost("9.a")
        self.ledger.acknowledged(4, 9)
        self.assertEqual(self.settled, {1: "gone", 2: "gone", 3: "gone", 4: None})

    def test_what_never_took_effect_goes_to_the_new_socket(self):
        self.assertEqual([m.payload for m in self.ledger.ended(2)], [3, 4])
        self.assertEqual(self.settled, {1: "gone", 2: "gone"})

    def test_of_what_was_sent_nobody_can_tell(self):
        self.ledger.acknowledged(1, 1)
        self.assertEqual([m.payload for m in self.ledger.ended(None)], [4])
        self.assertEqual(self.settled, {1: "gone", 2: "unknown", 3: "unknown"})

    def test_tries_count_once_for_each_time_that_something_was_heard(self):
        self.ledger.broke(1)
        self.ledger.broke(1)
        self.assertEqual(self.ledger.tries, 1)
        self.ledger.heard = True
        self.ledger.broke(1)
        self.assertEqual(self.ledger.tries, 2)
        self.ledger.acknowledged(1, 0)
        self.assertEqual(self.ledger.tries, 0, "it is about another message now")


if __name__ == "__main__":
    unittest.main()
