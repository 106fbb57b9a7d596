//! Shards: a part of a class that is told by the submissions' ids alone, so that machines need not talk.

use std::fmt;
use std::str::FromStr;

/// The part `number` of `of`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u16,
    of: u16,
}

impl Shard {
    /// Whether a submission is in it. The same id is in the same part whatever else is in the class.
    pub fn has(self, id: &str) -> bool {
        let digest = blake3::hash(id.as_bytes());
        let [a, b, c, d, ..] = *digest.as_bytes();
        u32::from_le_bytes([a, b, c, d]) % u32::from(self.of) == u32::from(self.number) - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a part is written as 2/3, from 1/3 to 3/3".to_owned();
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        let number: u16 = number.parse().map_err(|_| wrong())?;
        let of: u16 = of.parse().map_err(|_| wrong())?;
        if number == 0 || number > of {
            return Err(wrong());
        }
        Ok(Self { number, of })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_submission_is_in_one_part_and_parts_are_of_like_size() {
        let parts: Vec<Shard> = ["1/3", "2/3", "3/3"]
            .map(|part| part.parse().unwrap())
            .into();
        let mut sizes = [0; 3];
        for n in 0..3000 {
            let id = format!("student-{n}");
            let of: Vec<usize> = (0..3).filter(|m| parts[*m].has(&id)).collect();
            assert_eq!(of.len(), 1, "{id}");
            sizes[of[0]] += 1;
        }
        assert!(
            sizes.iter().all(|size| (850..1150).contains(size)),
            "{sizes:?}"
        );
    }

    #[test]
    fn only_parts_that_there_are_can_be_named() {
        for wrong in ["0/3", "4/3", "1", "1/0", "a/b", "-1/3", "1/3/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert_eq!("2/3".parse::<Shard>().unwrap().to_string(), "2/3");
    }
}
