//! What is read from an `expected.toml`, and what is said of one that is wrong.

use ipclab_spec::{Aspect, Cause, Spec, expected};

const SPEC: &str = include_str!("common/greet.toml");

fn spec() -> Spec {
    ipclab_spec::parse("greet.toml", SPEC)
        .expect("the spec is right")
        .spec
}

#[test]
fn a_right_one_is_read_with_its_places() {
    let text = "\
about = \"prints nothing\"
says  = [\"printed nothing\"]

[fails]
greets = [\"exit\", \"output\"]
[skips]
greets-again = \"greets\"
";
    let expected = expected("expected.toml", text, &spec()).expect("nothing is wrong");
    assert_eq!(expected.about, "prints nothing");
    assert_eq!(expected.says, ["printed nothing"]);
    // In the order of reports, whatever the author's.
    assert_eq!(
        expected.failing("greets"),
        Some([Aspect::Output, Aspect::Exit].as_slice())
    );
    assert_eq!(expected.failing("greets-again"), None);
    assert_eq!(
        expected.skipping("greets-again"),
        Some(&Cause::Case("greets".to_owned()))
    );
    assert_eq!(
        &text[expected.fails[0].place.clone()],
        "greets = [\"exit\", \"output\"]"
    );
    assert_eq!(
        &text[expected.skips[0].place.clone()],
        "greets-again = \"greets\""
    );
}

#[test]
fn every_mistake_is_reported_with_its_place_and_what_was_meant() {
    let check = |text: &str, expect: &[(usize, &str, Option<&str>)]| {
        let said = expected("expected.toml", text, &spec()).expect_err(text);
        let reported: Vec<_> = said
            .iter()
            .map(|one| (said.line(one), one.message.as_str(), one.help.as_deref()))
            .collect();
        assert_eq!(reported, expect, "{text}");
    };
    let unsaid = Some("say what sets the submission apart: about = \"binds port 12346\"");
    check("", &[(1, "missing key `about`", unsaid)]);
    check(
        "abuot = \"x\"\n",
        &[(1, "unknown key `abuot`", Some("did you mean `about`?"))],
    );
    check(
        "about = \" \"\nsays = [\"\"]\n",
        &[
            (1, "this says nothing", None),
            (2, "every report contains this", None),
        ],
    );
    check(
        "about = \"x\"\n[fails]\ngreet = [\"output\"]\n",
        &[(
            3,
            "greet has no case `greet`",
            Some("did you mean `greets`?"),
        )],
    );
    check(
        "about = \"x\"\n[fails]\ngreets = [\"ouput\", \"beauty\"]\n",
        &[
            (
                3,
                "there is no aspect `ouput`",
                Some("did you mean `output`?"),
            ),
            (
                3,
                "there is no aspect `beauty`",
                Some("the aspects: build, output, bytes, exit, cleanup, calls, memory"),
            ),
        ],
    );
    check(
        "about = \"x\"\n[fails]\ngreets = [\"bytes\", \"exit\", \"exit\"]\n",
        &[
            (
                3,
                "`greets` has no points on bytes",
                Some("it has points on: output, exit"),
            ),
            (3, "exit is named twice", None),
        ],
    );
    check(
        "about = \"x\"\n[fails]\ngreets = []\n[skips]\ngreets-again = \"build\"\ngreets = \"biuld\"\n",
        &[
            (
                3,
                "a case is failed on at least one aspect",
                Some("take the line away where the case must pass"),
            ),
            (
                6,
                "`greets` is not skipped for `biuld`",
                Some("did you mean `build`?"),
            ),
        ],
    );
    check(
        "about = \"x\"\nfails = { greets = [\"exit\"] }\nskips = { greets = \"build\" }\n",
        &[(3, "`greets` cannot be skipped and failed", None)],
    );
    check(
        "about = \"x\"\n[fails]\ngreets = [\"exit\"\n[skips]\n",
        &[
            (
                4,
                "missing comma between array elements, expected `,`",
                None,
            ),
            (
                4,
                "string values must be quoted, expected literal string",
                None,
            ),
            (4, "unclosed array, expected `]`", None),
        ],
    );
}
