//! What one resource's hidden limits teach about others of the same method and template. It counts no requests.

use crate::fields::Fields;
use crate::ledger::learnt::Measure;
use crate::saved::LessonRecord;

/// How many hidden limits of one method and template are told apart.
const MOST: usize = 4;
/// How many sets of fields may share one; beyond it, it is taken for the whole route's.
const MOST_SETS: usize = 3;

/// The hidden limits of one method and template.
#[derive(Debug, Default)]
pub(crate) struct Lessons {
    all: Vec<Lesson>,
    /// Counts changes, so that a route can tell whether it knows all.
    pub(crate) version: u32,
}

/// One hidden limit: for which requests, and how large wherever it was not met.
#[derive(Clone, Debug)]
pub(crate) struct Lesson {
    /// A request falls under it that has all the fields of one of these; the empty set is in every request.
    pub(crate) sets: Vec<Fields>,
    pub(crate) measure: Measure,
    /// How many resources have met it.
    pub(crate) teachers: u32,
}

impl Lesson {
    pub(crate) fn covers(&self, fields: Fields) -> bool {
        self.sets.iter().any(|set| fields.contain(*set))
    }

    fn is_for_all(&self) -> bool {
        self.covers(Fields::NONE)
    }

    fn is_over(&self) -> bool {
        self.sets.is_empty()
    }
}

impl Lessons {
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u8, &Lesson)> {
        (0_u8..).zip(&self.all).filter(|(_, lesson)| !lesson.is_over())
    }

    pub(crate) fn get(&self, number: u8) -> Option<&Lesson> {
        self.all.get(usize::from(number)).filter(|lesson| !lesson.is_over())
    }

    /// Which lessons a request falls under that not every request does: requests that differ in it wait in
    /// different lines.
    pub(crate) fn mask(&self, fields: Fields) -> u8 {
        let apart = self.iter().filter(|(_, lesson)| !lesson.is_for_all() && lesson.covers(fields));
        apart.fold(0, |mask, (number, _)| mask | 1 << number)
    }

    /// The lessons of a line.
    pub(crate) fn of_mask(&self, mask: u8) -> impl Iterator<Item = (u8, &Lesson)> {
        self.iter().filter(move |(number, lesson)| lesson.is_for_all() || mask & (1 << number) != 0)
    }

    /// Whether any resource that has met one of them is remembered.
    pub(crate) fn are_taught(&self) -> bool {
        self.all.iter().any(|lesson| lesson.teachers > 0)
    }

    pub(crate) fn to_records(&self) -> Vec<LessonRecord> {
        let record = |lesson: &Lesson| LessonRecord {
            sets: lesson.sets.iter().map(|set| set.bits()).collect(),
            limit: lesson.measure.limit,
            window_us: lesson.measure.window_us(),
        };
        self.all.iter().map(record).collect()
    }

    /// What was saved; whether any resource that has met a limit is remembered shows later.
    pub(crate) fn of_records(records: &[LessonRecord]) -> Self {
        let lesson = |record: &LessonRecord| Lesson {
            sets: record.sets.iter().map(|bits| Fields::from_bits(*bits)).collect(),
            measure: Measure { limit: record.limit, ..Measure::new(record.limit, record.window_us) },
            teachers: 0,
        };
        let all: Vec<Lesson> = records.iter().take(MOST).map(lesson).collect();
        Self { version: u32::from(!all.is_empty()), all }
    }

    /// A limit that was not known; which of the lessons it is.
    pub(crate) fn add(&mut self, fields: Fields, measure: Measure) -> u8 {
        self.version += 1;
        let lesson = Lesson { sets: vec![fields], measure, teachers: 0 };
        let free = self.all.iter().position(Lesson::is_over);
        let place = free.unwrap_or(self.all.len());
        if place < self.all.len() {
            self.all[place] = lesson;
        } else if place < MOST {
            self.all.push(lesson);
        } else {
            self.widen(0, Fields::NONE);
            return 0;
        }
        u8::try_from(place).unwrap_or_default()
    }

    /// Requests with other fields fall under it too.
    pub(crate) fn widen(&mut self, number: u8, fields: Fields) {
        let Some(lesson) = self.all.get_mut(usize::from(number)) else { return };
        self.version += 1;
        lesson.sets.push(fields);
        if lesson.sets.len() > MOST_SETS || fields == Fields::NONE {
            lesson.sets = vec![Fields::NONE];
        }
    }

    /// A resource has met it, and found it to be so large.
    pub(crate) fn met(&mut self, number: u8, measure: Measure, first: bool) {
        let Some(lesson) = self.all.get_mut(usize::from(number)) else { return };
        // Other lines may have waited for a count.
        self.version += u32::from(lesson.measure.limit == 0 && measure.limit > 0);
        lesson.measure = measure;
        lesson.teachers += u32::from(first);
    }

    /// A resource that had met it has forgotten it; without any that has, nobody obeys it.
    pub(crate) fn forgotten(&mut self, number: u8) {
        let Some(lesson) = self.all.get_mut(usize::from(number)) else { return };
        lesson.teachers = lesson.teachers.saturating_sub(1);
        if lesson.teachers == 0 {
            self.version += 1;
            lesson.sets.clear();
        }
    }
}
