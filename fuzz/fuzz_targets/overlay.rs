#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(because) = platform_integration::readers::fuzz::run("overlay", bytes) {
        panic!("{because}");
    }
});
