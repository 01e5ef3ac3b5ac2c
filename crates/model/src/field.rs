//! Reading one field of a JSON object: the wanted type, or nothing. It knows no Discord object.

use serde_json::Value;

/// A text that is there and not empty.
pub(crate) fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A whole number.
pub(crate) fn number(value: &Value, name: &str) -> Option<u64> {
    value.get(name)?.as_u64()
}

/// A whole number that fits.
pub(crate) fn number_as<T: TryFrom<u64>>(value: &Value, name: &str) -> Option<T> {
    T::try_from(number(value, name)?).ok()
}

/// An id, by its type's reader.
pub(crate) fn id<T>(value: &Value, name: &str, read: fn(&Value) -> Option<T>) -> Option<T> {
    read(value.get(name)?)
}

/// Whether a field is `true`.
pub(crate) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// The elements of an array that `read` understands.
pub(crate) fn list<T>(value: &Value, name: &str, read: fn(&Value) -> Option<T>) -> Vec<T> {
    value.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(read).collect()
}
