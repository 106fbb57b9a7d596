#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ipclab_fuzz::decoder(data));
