//! How to go on from an address to the caller: where the frame is, and where the caller's registers were put.

use gimli::{
    BaseAddresses, CfaRule, EhFrame, LittleEndian, Register, RegisterRule, UnwindContext,
    UnwindSection, UnwindTableRow, Vendor,
};

use ipclab_kernel::arch::registers::dwarf::{CALLEE_SAVED, COUNT, RETURN_ADDRESS, SIGNS_ADDRESSES};

use super::frame::Memory;
use super::tables::Tables;

/// A function's rules are some hundred bytes.
const RULES_BYTES_MAX: usize = 64 << 10;

/// What leads from a frame to its caller's.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// A register, and how far from it the frame is.
    pub(super) frame: (u16, i64),
    /// Where each of the caller's registers is.
    pub(super) saved: [CalleeSaved; COUNT],
}

/// Where a register of the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CalleeSaved {
    /// Where it was.
    Kept,
    /// In memory, so far from the frame.
    At(i64),
    /// Nowhere.
    Lost,
}

/// The rule for an address.
pub(super) fn find(tables: &Tables, address: u64, memory: &dyn Memory) -> Option<Rule> {
    let at = tables.rules_at(address)?;
    let own = entry(at, memory)?;
    // It says how far back the entry is that it has in common with others.
    let back = u32::from_le_bytes(own.get(4..8)?.try_into().ok()?);
    let common = entry(at.wrapping_add(4).wrapping_sub(u64::from(back)), memory)?;
    // The two as a section of their own, in which the addresses of the second are right.
    let length = u32::try_from(common.len()).ok()?;
    let mut section = common;
    section.extend_from_slice(&own);
    section
        .get_mut(length as usize + 4..length as usize + 8)?
        .copy_from_slice(&(length + 4).to_le_bytes());
    let bases = BaseAddresses::default().set_eh_frame(at.wrapping_sub(u64::from(length)));
    let mut frames = EhFrame::new(&section, LittleEndian);
    frames.set_address_size(8);
    if SIGNS_ADDRESSES {
        frames.set_vendor(Vendor::AArch64);
    }
    let function = frames
        .fde_from_offset(&bases, (length as usize).into(), EhFrame::cie_from_offset)
        .ok()?;
    let mut context = UnwindContext::new();
    let row = function
        .unwind_info_for_address(&frames, &bases, &mut context, address)
        .ok()?;
    rule(row)
}

/// An entry with its length before it.
fn entry(at: u64, memory: &dyn Memory) -> Option<Vec<u8>> {
    let length = memory.bytes(at, 4)?;
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    (4..=RULES_BYTES_MAX)
        .contains(&length)
        .then(|| memory.bytes(at, 4 + length))?
}

fn rule(row: &UnwindTableRow<usize>) -> Option<Rule> {
    let frame = match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => (register.0, *offset),
        // Only the stubs that bind functions lazily, and handlers of signals.
        CfaRule::Expression(_) => return None,
    };
    let mut saved = [CalleeSaved::Lost; COUNT];
    for (register, place) in saved.iter_mut().enumerate() {
        *place = match row.register(Register(register as u16)) {
            Some(RegisterRule::Offset(offset)) => CalleeSaved::At(offset),
            Some(RegisterRule::SameValue) => CalleeSaved::Kept,
            // The outermost function of a program says that there is no way back.
            Some(RegisterRule::Undefined) if register == RETURN_ADDRESS => CalleeSaved::Lost,
            // Compilers say nothing of what a function leaves alone.
            None | Some(RegisterRule::Undefined) if CALLEE_SAVED.contains(&register) => {
                CalleeSaved::Kept
            }
            _ => CalleeSaved::Lost,
        };
    }
    // Without a way back it is the outermost one.
    (saved[RETURN_ADDRESS] != CalleeSaved::Lost).then_some(Rule { frame, saved })
}
