//! What the units ask: the lists in `specs/unit.toml` and `specs/*.unit.toml`, which the cases of every lab point into.

use ipclab_spec::Tier;
use serde::Deserialize;

use ipclab_intake::failure::Failure;

/// What the unit asks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    #[serde(rename = "question")]
    /// Its questions.
    pub questions: Vec<Question>,
}

/// A question of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// `Q6`
    pub id: String,
    /// In a few words.
    pub title: String,
    /// What it asks, one by one.
    pub requirements: Vec<Requirement>,
}

/// One thing that it asks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// `restart`
    pub id: String,
    /// Its tier.
    pub tier: TierName,
    /// As a sentence.
    pub asks: String,
    /// The lab that will test it; `None`: one does.
    #[serde(default)]
    pub waits_for: Option<String>,
}

/// A tier, as the list writes it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TierName {
    /// What the unit's own listings do.
    Core,
    /// What a careful engineer adds.
    Robust,
    /// What the unit promises beyond its listings.
    Stretch,
}

impl TierName {
    /// What a spec calls it.
    pub fn tier(self) -> Tier {
        match self {
            Self::Core => Tier::Core,
            Self::Robust => Tier::Robust,
            Self::Stretch => Tier::Stretch,
        }
    }
}

impl Unit {
    /// Reads the list.
    ///
    /// # Errors
    /// It is not understood, or names something twice.
    pub fn parse(name: &str, text: &str) -> Result<Self, Failure> {
        let unit: Self = toml::from_str(text)
            .map_err(|error| Failure::usage(format!("{name}: {}", error.to_string().trim_end())))?;
        let mut ids = unit.requirements();
        ids.sort();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Failure::usage(format!(
                "{name}: {} is there twice",
                pair[0]
            ))),
            None => Ok(unit),
        }
    }

    /// Reads several lists, each by its name, as one.
    ///
    /// # Errors
    /// As [`Unit::parse`].
    pub fn parse_all(lists: &[(String, String)]) -> Result<Self, Failure> {
        let mut all = Self {
            questions: Vec::new(),
        };
        for (name, text) in lists {
            let list = Self::parse(name, text)?;
            let known = |one: &Question| all.questions.iter().any(|other| other.id == one.id);
            if let Some(twice) = list.questions.iter().find(|one| known(one)) {
                return Err(Failure::usage(format!(
                    "{name}: the question {} is in another list as well",
                    twice.id
                ))
                .remedy("each question has an id of its own, in all lists of a folder"));
            }
            all.questions.extend(list.questions);
        }
        Ok(all)
    }

    /// What cases may cover: `Q6.restart`.
    pub fn requirements(&self) -> Vec<String> {
        let of = |question: &Question| -> Vec<String> {
            let own = question.requirements.iter();
            own.map(|one| format!("{}.{}", question.id, one.id))
                .collect()
        };
        self.questions.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(name: &str, question: &str) -> (String, String) {
        let text = format!(
            "[[question]]\nid = \"{question}\"\ntitle = \"one\"\nrequirements = [{{ id = \"a\", tier = \"core\", asks = \"This\" }}]\n"
        );
        (name.to_owned(), text)
    }

    #[test]
    fn several_lists_are_one() {
        let lists = [list("unit.toml", "Q1"), list("course.unit.toml", "C1")];
        let unit = Unit::parse_all(&lists).expect("lists");
        assert_eq!(unit.requirements(), ["Q1.a", "C1.a"]);
        let twice = [list("unit.toml", "Q1"), list("course.unit.toml", "Q1")];
        let error = Unit::parse_all(&twice).expect_err("a question twice");
        assert_eq!(
            error.message,
            "course.unit.toml: the question Q1 is in another list as well"
        );
    }
}
