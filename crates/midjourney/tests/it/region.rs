//! Vary (Region): what its page is sent, and what is refused before.

use journeyman_midjourney::application::{MIDJOURNEY, NIJI};
use journeyman_midjourney::region::{Mask, WrongRegion, page_base, submit};
use journeyman_midjourney::{Meaning, Modal, classify_event};

use crate::fixture;

/// The head of a PNG of this size; what follows is not looked at.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend(width.to_be_bytes());
    png.extend(height.to_be_bytes());
    png
}

fn page(name: &str) -> Modal {
    let meaning = classify_event(&fixture::named(name)).meaning;
    let Meaning::ModalOpened(modal) = meaning else { panic!("{meaning:?}") };
    modal
}

#[test]
fn vary_region_is_answered_with_a_mask_as_png_and_the_pages_own_token() {
    let mask = Mask::try_new(png(2048, 1024)).unwrap().of_size(2048, 1024).unwrap();
    let request = submit(&page("x_vary_region_iframe_modal.json"), &mask, "a red hat").unwrap();
    assert_eq!(request.path, "/inpaint/api/submit-job");
    assert_eq!(page_base(MIDJOURNEY), "https://936929561302675456.discordsays.com");
    assert_eq!(page_base(NIJI), "https://1022952195194359889.discordsays.com");
    let body = &request.body;
    assert_eq!((body["customId"].as_str(), body["prompt"].as_str()), (Some("REDACTED"), Some("a red hat")));
    assert_eq!((body["userId"].as_str(), body["username"].as_str()), (Some("0"), Some("0")));
    assert_eq!(body["mask"], "iVBORw0KGgoAAAANSUhEUgAACAAAAAQA");
    assert!(!format!("{request:?} {mask:?}").contains("REDACTED"), "the page's token opens it");
}

#[test]
fn a_mask_is_checked_before_it_is_sent() {
    let header = png(7, 0);
    for bytes in [Vec::new(), b"\x89PNG".to_vec(), b"GIF89a".to_vec(), header[..20].to_vec(), header] {
        assert_eq!(Mask::try_new(bytes), Err(WrongRegion::NotPng));
    }
    let error = Mask::try_new(png(512, 512)).unwrap().of_size(1024, 1024).unwrap_err();
    assert_eq!(error.to_string(), "vary a region: the mask is 512x512, and the image is 1024x1024");
}

#[test]
fn only_its_own_page_is_answered_and_never_without_a_prompt() {
    let mask = Mask::try_new(png(1, 1)).unwrap();
    let region = page("x_vary_region_iframe_modal.json");
    assert_eq!(submit(&region, &mask, " "), Err(WrongRegion::NoPrompt));
    let remix = page("x_interaction_modal_create_remix.json");
    assert_eq!(submit(&remix, &mask, "a hat"), Err(WrongRegion::NotItsPage));
    let bare = Modal { custom_id: "MJ::iframe::".to_owned(), ..region };
    assert_eq!(submit(&bare, &mask, "a hat"), Err(WrongRegion::NotItsPage));
    // A captcha opens in the same way, and is a human's.
    let captcha = classify_event(&fixture::named("x_captcha_iframe_modal.json")).meaning;
    assert!(matches!(captcha, Meaning::Failed(_)));
}
