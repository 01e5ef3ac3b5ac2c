//! Finding Midjourney's job id, a UUID, in a custom id, a file name or a link. It trusts any text it is given.

/// Lengths of a UUID's groups.
const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
/// The whole length, with four hyphens.
const LENGTH: usize = 36;

/// The last UUID in `text`. In a file name the prompt comes first and the job id last.
pub(crate) fn last_in(text: &str) -> Option<String> {
    let starts = (0..text.len().saturating_sub(LENGTH - 1)).rev();
    let mut candidates = starts.filter_map(|start| text.get(start..start + LENGTH));
    candidates.find(|candidate| is_uuid(candidate)).map(str::to_ascii_lowercase)
}

fn is_uuid(text: &str) -> bool {
    let mut groups = text.split('-');
    let fits = |length| {
        groups.next().is_some_and(|group: &str| {
            group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    GROUPS.into_iter().all(fits) && groups.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_job_id_is_found_in_every_place_it_was_seen() {
        let id = "875fbd3a-ef43-4134-a4e8-cd853565cbfd";
        for text in [
            "MJ::CancelJob::ByJobid::875fbd3a-ef43-4134-a4e8-cd853565cbfd",
            "MJ::JOB::reroll::0::875fbd3a-ef43-4134-a4e8-cd853565cbfd::SOLO",
            "875fbd3a-ef43-4134-a4e8-cd853565cbfd_grid_0.webp",
            "user_11111111-2222-3333-4444-555555555555_875fbd3a-ef43-4134-a4e8-cd853565cbfd.png",
            "https://www.midjourney.com/app/jobs/875FBD3A-EF43-4134-A4E8-CD853565CBFD/",
        ] {
            assert_eq!(last_in(text).as_deref(), Some(id), "{text}");
        }
    }

    #[test]
    fn what_only_resembles_a_job_id_is_none() {
        for text in ["", "grid_0.webp", "875fbd3a-ef43-4134-a4e8-cd853565cbf", "ééééééééééééééééééééééééééé"]
        {
            assert_eq!(last_in(text), None, "{text}");
        }
        assert_eq!(last_in("875fbd3aef43-4134-a4e8-cd853565cbfd-12345678"), None);
    }
}
