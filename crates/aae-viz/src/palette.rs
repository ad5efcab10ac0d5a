//! The one light design of all pictures: colours and sizes of type.

/// Red, green, blue.
pub(crate) type Color = [u8; 3];

pub(crate) const PAPER: Color = [255, 255, 255];
/// Titles, outlines and reference lines.
pub(crate) const INK: Color = [28, 30, 36];
/// Subtitles, tick labels and legends.
pub(crate) const SOFT_INK: Color = [84, 88, 98];
/// The lines of the axes.
pub(crate) const AXIS: Color = [150, 154, 162];
/// The lines of the grid.
pub(crate) const GRID: Color = [232, 234, 238];
/// Cells of a grid that hold no image.
pub(crate) const EMPTY_CELL: Color = [243, 244, 247];
/// Pixels that are not a number.
pub(crate) const NOT_A_NUMBER: Color = [220, 20, 40];

/// Sizes of type for a picture about 1,200 pixels wide; shown 400 wide, the smallest is still 9 pixels.
pub(crate) const TITLE_SIZE: u32 = 40;
pub(crate) const TEXT_SIZE: u32 = 28;
/// Space around the picture.
pub(crate) const MARGIN: u32 = 44;

/// Ten colours that stay apart in every common kind of colour vision.
///
/// Found by search over saturations and lightnesses that show on white: the least OKLab distance between two of them
/// is 0.18 in normal vision, and 0.10 in simulated protanopia, deuteranopia and tritanopia (Machado et al. 2009). The
/// usual ten of matplotlib come to 0.11 and 0.007.
const CLASSES: [Color; 10] = [
    [0x00, 0x77, 0xcc],
    [0x99, 0x00, 0x00],
    [0x66, 0xaa, 0x00],
    [0xff, 0x99, 0xaa],
    [0x66, 0x22, 0x99],
    [0xdd, 0xcc, 0x00],
    [0x55, 0xdd, 0xff],
    [0xaa, 0x66, 0x77],
    [0x00, 0x55, 0x55],
    [0xbb, 0x88, 0xff],
];

/// The colour of a class or a series. From the eleventh on the ten come again, darker, then lighter.
pub(crate) fn class_color(class: usize) -> Color {
    let base = CLASSES[class % CLASSES.len()];
    match (class / CLASSES.len()) % 3 {
        0 => base,
        1 => mix(base, [0, 0, 0], 0.35),
        _ => mix(base, PAPER, 0.45),
    }
}

/// `color` with the share `amount` of `other` in it.
pub(crate) fn mix(color: Color, other: Color, amount: f32) -> Color {
    std::array::from_fn(|i| {
        let (a, b) = (f32::from(color[i]), f32::from(other[i]));
        (a + (b - a) * amount).round() as u8
    })
}
