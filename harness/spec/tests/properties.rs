//! Hostile input: no text makes the parser panic, and whatever is wrong can be shown.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn base() -> ipclab_spec::Files {
    [(
        "hello.c".to_owned(),
        b"int main(void)\r\n{\n}\n\xff".to_vec(),
    )]
    .into()
}

const PATCH: &str = "\
base = \"whole\"
remove = [\"notes\"]
[[change]]
file = \"hello.c\"
replace = '''
{
}
'''
with = \"\"
[[add]]
file = \"src/x.c\"
text = \"int x;\"
";

fn survives(text: &str) {
    for said in [
        ipclab_spec::parse("hostile.toml", text).map(|parsed| parsed.warnings),
        ipclab_spec::submission("hostile.toml", text).map(|_| ipclab_spec::Diagnostics::default()),
        ipclab_spec::patch("hostile.toml", text)
            .and_then(|patch| patch.apply(&base()))
            .map(|_| ipclab_spec::Diagnostics::default()),
    ] {
        let said = said.unwrap_or_else(|said| {
            assert!(said.has_errors());
            said
        });
        let rendered = said.render(true);
        assert_eq!(rendered.is_empty(), said.is_empty());
        let lines = 1 + text.matches('\n').count();
        for one in &said {
            assert!((1..=lines).contains(&said.line(one)), "{one:?}");
            for span in [Some(&one.span), one.also.as_ref().map(|(span, _)| span)]
                .into_iter()
                .flatten()
            {
                // It can be cut out of the text: it lies in it, and no letter is cut in two.
                assert!(text.get(span.clone()).is_some(), "{one:?}");
            }
        }
    }
}

/// One edit: at which share of the text, how many characters go, and what comes.
type Edit = (f64, usize, String);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let piece = prop_oneof![
        "\\PC{0,3}",
        Just("\"".to_owned()),
        Just("'''".to_owned()),
        Just("{{".to_owned()),
        Just("}}".to_owned()),
        Just("]]".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n\t".to_owned()),
        Just("\0".to_owned()),
        Just(" = ".to_owned()),
        Just(".".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("-1".to_owned()),
        Just("{{x.sent.4294967296}}".to_owned()),
        Just("\\x".to_owned()),
        Just("\n[[case]]\nid = \"a\"\nlike = \"a\"\n".to_owned()),
        Just("\n[case.actor.\"\u{1F4A9}\"]\npeer = [\"send \\\"\\\\xé\"]\n".to_owned()),
    ];
    prop::collection::vec((0.0..1.0, 0usize..12, piece), 1..6)
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for (share, gone, new) in edits {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let at = (text.len() as f64 * share) as usize;
        let end = (at + gone).min(text.len());
        text.splice(at..end, new.chars());
    }
    text.into_iter().collect()
}

/// A spec that uses all of the language, so that an edit lands in any part of it.
const EVERYTHING: &str = include_str!("everything.toml");

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, rng_seed: RngSeed::Fixed(0x1bc), ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC*") {
        survives(&text);
    }

    #[test]
    fn any_lines(lines in prop::collection::vec("[\\PC\t]{0,20}", 0..20)) {
        survives(&lines.join("\n"));
    }

    #[test]
    fn a_spec_with_edits(edits in edits()) {
        survives(&edited(EVERYTHING, &edits));
    }

    #[test]
    fn a_patch_with_edits(edits in edits()) {
        survives(&edited(PATCH, &edits));
    }

    #[test]
    fn a_step(text in "(send|recv|shm write|until|connect|signal|shm create) \\PC{0,30}") {
        let _ = ipclab_spec::parse_step(&text, &["server".to_owned()]);
    }

    #[test]
    fn a_sent_text_reads_as_it_was_written(text in any::<String>()) {
        let action = ipclab_spec::Action::Send {
            data: ipclab_spec::Data::Text(ipclab_spec::Template::text(text)),
            to: None,
            pieces: None,
            oob: false,
        };
        let step = ipclab_spec::parse_step(&action.to_string(), &[]).unwrap();
        prop_assert_eq!(step.action, action);
    }

    #[test]
    fn a_command_is_split(line in "\\PC*") {
        let _ = ipclab_spec::split_command(&line);
    }
}

proptest! {
    // The labs' own specs are long: fewer of them.
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, rng_seed: RngSeed::Fixed(0x1bc), ..ProptestConfig::default() })]

    #[test]
    fn a_spec_of_the_repository_with_edits(edits in edits(), which in 0usize..64) {
        let specs = crate::common::repository();
        survives(&edited(&specs[which % specs.len()].1, &edits));
    }
}

#[test]
fn all_of_the_language_parses() {
    let parsed =
        ipclab_spec::parse("everything.toml", EVERYTHING).unwrap_or_else(|said| panic!("{said}"));
    assert!(parsed.warnings.is_empty(), "{}", parsed.warnings);
}

#[test]
fn odd_files() {
    survives("");
    survives("\u{feff}format = 1\n");
    survives("format = 1\r\nlab = \"x\r\n");
    survives(&"[".repeat(10_000));
    survives(&format!("x = {}", "[".repeat(10_000)));
    survives(&"a = 1\n".repeat(3_000));
    survives(&format!("format = \"{}\"", "x".repeat(1_000_000)));
    survives(&"[x\ny = \n".repeat(4_000));
    survives(&"x = ?\n".repeat(4_000));
    survives(&"[[case]]\nid = \"a\"\n".repeat(500));
    survives(&format!("{}\n", "é".repeat(5_000)));
}
