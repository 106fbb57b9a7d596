//! `class.toml`: what counts for a class, written by its instructor into the folder of results.

use std::fs;
use std::path::Path;

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show::path as display;
use ipclab_spec::Tier;
use serde::Deserialize;

/// The name of the file.
pub(crate) const RULES: &str = "class.toml";

/// What counts for a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The tiers that the class is graded on; empty: the file does not say.
    pub tiers: Vec<Tier>,
    /// The mark of what was not handed in; `None`: no mark.
    pub not_handed_in: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    #[serde(default)]
    tiers: Vec<String>,
    not_handed_in: Option<u32>,
}

impl Rules {
    /// Reads the file of a folder of results. Where there is none, no rule is made.
    ///
    /// # Errors
    /// It cannot be read, or says what no rule can be.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let file = folder.join(RULES);
        match fs::read_to_string(&file) {
            Ok(text) => Self::parse(&text)
                .map_err(|why| Failure::usage(format!("reading {}: {why}", display(&file)))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::usage(format!(
                "reading {}: {}",
                display(&file),
                reason(&error)
            ))),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let written: Written =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let tier = |name: &String| {
            let known = Tier::ALL.into_iter().find(|tier| tier.name() == name);
            known.ok_or_else(|| {
                let names = Tier::ALL.map(Tier::name);
                format!("there is no tier {name:?}: {}", names.join(", "))
            })
        };
        Ok(Self {
            tiers: written.tiers.iter().map(tier).collect::<Result<_, _>>()?,
            not_handed_in: written.not_handed_in,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Rules;

    #[test]
    fn the_class_s_file_says_what_counts() {
        let check = |text: &str, expected: Result<(usize, Option<u32>), &str>| {
            let rules = Rules::parse(text);
            match (rules, expected) {
                (Ok(rules), Ok(expected)) => {
                    assert_eq!((rules.tiers.len(), rules.not_handed_in), expected);
                }
                (Err(why), Err(says)) => assert!(why.contains(says), "{why}"),
                (rules, expected) => panic!("{text}: {rules:?}, {expected:?}"),
            }
        };
        check("", Ok((0, None)));
        check("not-handed-in = 0", Ok((0, Some(0))));
        check("tiers = ['core', 'robust']", Ok((2, None)));
        check("tiers = ['cor']", Err("no tier \"cor\": core"));
        check("tier = 'core'", Err("unknown field `tier`"));
        check("not-handed-in = -1", Err("not-handed-in"));
    }
}
