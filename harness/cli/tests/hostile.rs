//! What hostile programs, folders and archives try: the zoo of attacks.

mod common;
mod zoo;
