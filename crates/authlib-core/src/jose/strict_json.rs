//! Strict JSON objects: no name twice, no depth without end, nothing behind the object (RFC 8725 §2.6,
//! RFC 7519 §4).

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::exact_integers::quote_large_integers;

/// How deep objects and arrays may be nested.
const MAX_DEPTH: u8 = 120;

/// How many values an object may have in all. Each costs up to 700 bytes of memory, however short it is.
const MAX_VALUES: usize = 50_000;

/// Whether some other crate turned on `arbitrary_precision`, with which a visitor does not see numbers as numbers.
static ARBITRARY_PRECISION: LazyLock<bool> =
    LazyLock::new(|| serde_json::from_str::<Value>("1e999").is_ok());

/// Reads one JSON object. An integer of more than 64 bits is a string of its digits.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    let bytes = &*quote_large_integers(bytes);
    let mut value = read(bytes, Strict { depth: MAX_DEPTH, values: &Cell::new(0) })?;
    if *ARBITRARY_PRECISION {
        // The text is read once more, so that `serde_json` makes the numbers.
        value = serde_json::from_slice(bytes)?;
    }
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(de::Error::custom("not a JSON object")),
    }
}

/// Reads one JSON object as strictly as [`object`], and keeps the values of these members only.
pub(crate) fn members<const N: usize>(
    bytes: &[u8],
    names: [&str; N],
) -> Result<[Option<Value>; N], serde_json::Error> {
    let strict = Strict { depth: MAX_DEPTH, values: &Cell::new(1) };
    read(&quote_large_integers(bytes), Members { names, strict })
}

/// Reads a document, which ends where the value does.
fn read<'de, T: DeserializeSeed<'de>>(
    bytes: &'de [u8],
    seed: T,
) -> Result<T::Value, serde_json::Error> {
    // Checked at once, which is faster than in each string.
    let text = str::from_utf8(bytes).map_err(de::Error::custom)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Reads a value that may be nested `depth` levels deep.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: u8,
    values: &'a Cell<usize>,
}

impl Strict<'_> {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.values.set(self.values.get().saturating_add(1));
        if self.values.get() > MAX_VALUES {
            return Err(de::Error::custom(format!("more than {MAX_VALUES} values")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(value) = access.next_element_seed(inner)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.insert(name, access.next_value_seed(inner)?).is_some() {
                return Err(de::Error::custom("a member is repeated"));
            }
        }
        Ok(Value::Object(members))
    }
}

/// Reads an object, and keeps the values of some members.
struct Members<'a, const N: usize> {
    names: [&'a str; N],
    strict: Strict<'a>,
}

impl<'de, const N: usize> DeserializeSeed<'de> for Members<'_, N> {
    type Value = [Option<Value>; N];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Members<'_, N> {
    type Value = [Option<Value>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let inner = self.strict.deeper()?;
        let mut found = [const { None }; N];
        let mut others = BTreeSet::new();
        while let Some(name) = access.next_key_seed(Name(&self.names))? {
            let value = access.next_value_seed(inner)?;
            let place = name.as_ref().ok().and_then(|place| found.get_mut(*place));
            let is_new = match (place, name) {
                (Some(place), _) => place.replace(value).is_none(),
                (None, Err(other)) => others.insert(other),
                (None, Ok(_)) => true,
            };
            if !is_new {
                return Err(de::Error::custom("a member is repeated"));
            }
        }
        Ok(found)
    }
}

/// Reads a name: its place among the known ones, or the name itself.
struct Name<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Result<usize, String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Result<usize, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        let place = self.0.iter().position(|known| *known == name);
        Ok(place.ok_or_else(|| name.to_owned()))
    }
}
