//! Keys, values and names within their limits: what is over them is cut, and counted.

use super::Body;
use crate::limits::SpanLimits;
use crate::value::{Field, TagRef};

impl Body {
    pub(super) fn cut<'a>(&mut self, text: &'a str, bytes_max: usize) -> &'a str {
        let cut = cut_text(text, bytes_max);
        if cut.len() < text.len() {
            self.rest_mut().values_cut += 1;
        }
        cut
    }

    pub(super) fn cut_field<'a>(
        &mut self,
        key: &'a str,
        value: TagRef<'a>,
        limits: &SpanLimits,
    ) -> Field<'a> {
        let key = self.cut(key, limits.name_bytes_max);
        let value = match value {
            TagRef::Str(text) => TagRef::Str(self.cut(text, limits.value_bytes_max)),
            TagRef::Bytes(bytes) => TagRef::Bytes(self.cut_items(bytes, limits)),
            TagRef::BoolArray(items) => TagRef::BoolArray(self.cut_items(items, limits)),
            TagRef::I64Array(items) => TagRef::I64Array(self.cut_items(items, limits)),
            TagRef::F64Array(items) => TagRef::F64Array(self.cut_items(items, limits)),
            other => other,
        };
        (key, value)
    }

    /// The first items, as many as fit.
    fn cut_items<'a, T>(&mut self, items: &'a [T], limits: &SpanLimits) -> &'a [T] {
        match items.get(..limits.value_bytes_max / size_of::<T>()) {
            Some(cut) if cut.len() < items.len() => {
                self.rest_mut().values_cut += 1;
                cut
            }
            _ => items,
        }
    }

    /// The first texts of an array that is over its limit, as many as fit, the last of them cut.
    pub(super) fn cut_texts<'a>(&mut self, value: TagRef<'a>, limits: &SpanLimits) -> Option<Vec<&'a str>> {
        let TagRef::StrArray(texts) = value else { return None };
        if value_len(value) <= limits.value_bytes_max {
            return None;
        }
        self.rest_mut().values_cut += 1;
        let (mut left, mut kept) = (limits.value_bytes_max, Vec::new());
        for text in texts {
            let cut = cut_text(text, left);
            kept.push(cut);
            left -= cut.len();
            if cut.len() < text.len() {
                break;
            }
        }
        Some(kept)
    }

    pub(super) fn cut_all_texts<'a>(
        &mut self,
        fields: &[Field<'a>],
        limits: &SpanLimits,
    ) -> Vec<Option<Vec<&'a str>>> {
        fields.iter().map(|(_, value)| self.cut_texts(*value, limits)).collect()
    }

    /// Fields within their limits, with texts that were cut before in their arrays' places.
    pub(super) fn cut_fields<'a>(
        &mut self,
        fields: &'a [Field<'a>],
        texts: &'a [Option<Vec<&'a str>>],
        limits: &SpanLimits,
    ) -> Vec<Field<'a>> {
        let cut = |(field, texts): (&'a Field<'a>, &'a Option<Vec<&'a str>>)| {
            let value = texts.as_deref().map_or(field.1, TagRef::StrArray);
            self.cut_field(field.0, value, limits)
        };
        fields.iter().zip(texts).map(cut).collect()
    }
}

/// Whether a field is within its limits.
pub(super) fn fits((key, value): &Field<'_>, limits: &SpanLimits) -> bool {
    key.len() <= limits.name_bytes_max && value_len(*value) <= limits.value_bytes_max
}

/// The bytes of a value that can be cut: a text's, or those of an array's items. A number is never cut.
fn value_len(value: TagRef<'_>) -> usize {
    match value {
        TagRef::Str(text) => text.len(),
        TagRef::Bytes(bytes) => bytes.len(),
        TagRef::StrArray(texts) => texts.iter().map(|text| text.len()).sum(),
        TagRef::BoolArray(items) => size_of_val(items),
        TagRef::I64Array(items) => size_of_val(items),
        TagRef::F64Array(items) => size_of_val(items),
        TagRef::Bool(_) | TagRef::I64(_) | TagRef::U64(_) | TagRef::F64(_) => 0,
    }
}

/// The longest start of a text that has at most so many bytes and ends between characters.
pub(crate) fn cut_text(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or("")
}
