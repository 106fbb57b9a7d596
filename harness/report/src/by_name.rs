//! How the words of other crates are written in a report: by the name that they give themselves.
//!
//! Mirrors in the manner of serde's remote derive: a word that is added over there does not compile until it is here.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Reads the name and version of a format.
///
/// # Errors
/// It is any other.
pub(crate) fn schema<'de, D: Deserializer<'de>>(
    deserializer: D,
    what: &str,
    name: &str,
) -> Result<(), D::Error> {
    let found = String::deserialize(deserializer)?;
    if found == name {
        return Ok(());
    }
    Err(D::Error::custom(format_args!(
        "this {what} is {found:?}, not {name:?}"
    )))
}

/// Mirror of the judge's verdicts.
#[derive(Serialize, Deserialize)]
#[serde(remote = "ipclab_judge::Verdict", rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Pass,
    Fail,
    Unknown,
    Skipped,
}

/// Mirror of the spec's aspects.
#[derive(Serialize, Deserialize)]
#[serde(remote = "ipclab_spec::Aspect", rename_all = "kebab-case")]
pub(crate) enum Aspect {
    Build,
    Output,
    Bytes,
    Exit,
    Cleanup,
    Calls,
    Memory,
}

/// Mirror of the spec's tiers.
#[derive(Serialize, Deserialize)]
#[serde(remote = "ipclab_spec::Tier", rename_all = "kebab-case")]
pub(crate) enum Tier {
    Core,
    Robust,
    Stretch,
}

/// Mirror of the spec's visibilities.
#[derive(Serialize, Deserialize)]
#[serde(remote = "ipclab_spec::Visibility", rename_all = "kebab-case")]
pub(crate) enum Visibility {
    Visible,
    Hidden,
    AfterDeadline,
}

/// An aspect that may be absent.
pub(crate) mod optional_aspect {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Named(#[serde(with = "super::Aspect")] ipclab_spec::Aspect);

    pub(crate) fn serialize<S: Serializer>(
        aspect: &Option<ipclab_spec::Aspect>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        aspect.map(Named).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<ipclab_spec::Aspect>, D::Error> {
        let named = Option::<Named>::deserialize(deserializer)?;
        Ok(named.map(|Named(aspect)| aspect))
    }
}

/// A map from tier to something, written as an object whose keys are the tiers' names, in the order of reports.
pub(crate) mod by_tier {
    use std::collections::BTreeMap;
    use std::marker::PhantomData;

    use ipclab_spec::Tier;
    use serde::de::{Error, MapAccess, Visitor};
    use serde::ser::SerializeMap;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        tiers: &BTreeMap<Tier, T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(tiers.len()))?;
        for (tier, value) in tiers {
            map.serialize_entry(tier.name(), value)?;
        }
        map.end()
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Tier, T>, D::Error> {
        struct Tiers<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Tiers<T> {
            type Value = BTreeMap<Tier, T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object whose keys are tiers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut tiers = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    let tier = Tier::ALL
                        .into_iter()
                        .find(|tier| tier.name() == name)
                        .ok_or_else(|| {
                            A::Error::custom(format_args!("no tier is called {name:?}"))
                        })?;
                    tiers.insert(tier, map.next_value()?);
                }
                Ok(tiers)
            }
        }

        deserializer.deserialize_map(Tiers(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    #[derive(Serialize)]
    struct Named {
        #[serde(with = "super::Verdict")]
        verdict: ipclab_judge::Verdict,
        #[serde(with = "super::Tier")]
        tier: ipclab_spec::Tier,
        #[serde(with = "super::Aspect")]
        aspect: ipclab_spec::Aspect,
    }

    #[test]
    fn words_are_written_as_their_own_crates_name_them() {
        use ipclab_judge::Verdict::{Fail, Pass, Skipped, Unknown};
        for verdict in [Pass, Fail, Unknown, Skipped] {
            for tier in ipclab_spec::Tier::ALL {
                for aspect in ipclab_spec::Aspect::ALL {
                    let written = serde_json::to_value(Named {
                        verdict,
                        tier,
                        aspect,
                    })
                    .unwrap();
                    assert_eq!(written["verdict"], verdict.name());
                    assert_eq!(written["tier"], tier.name());
                    assert_eq!(written["aspect"], aspect.name());
                }
            }
        }
    }
}
