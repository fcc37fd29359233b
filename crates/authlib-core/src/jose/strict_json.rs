//! Strict JSON objects: no name twice, no depth without end, nothing behind the object (RFC 8725 §2.6,
//! RFC 7519 §4).

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::exact_integers::quote_large_integers;

/// How deep objects and arrays may be nested.
const MAX_DEPTH: u8 = 120;

/// How many values an object may have in all. Each costs up to 700 bytes of memory, however short it is.
const MAX_VALUES: usize = 50_000;

/// Reads one JSON object. An integer of more than 64 bits is a string of its digits.
///
/// The text is read twice, for its shape and for its values: `serde_json` then makes the numbers, which
/// look different to a visitor where some other crate turns its `arbitrary_precision` on.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    let bytes = &*quote_large_integers(bytes);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Strict { depth: MAX_DEPTH, values: &Cell::new(0) }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    match serde_json::from_slice(bytes)? {
        Value::Object(map) => Ok(map),
        _ => Err(de::Error::custom("not a JSON object")),
    }
}

/// Looks at a value that may be nested `depth` levels deep.
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
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.values.set(self.values.get().saturating_add(1));
        if self.values.get() > MAX_VALUES {
            return Err(de::Error::custom(format!("more than {MAX_VALUES} values")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while access.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut names = HashSet::new();
        while let Some(name) = access.next_key::<String>()? {
            if !names.insert(name) {
                return Err(de::Error::custom("a member is repeated"));
            }
            access.next_value_seed(inner)?;
        }
        Ok(())
    }
}
