"""Names of HID usages: pages, and on the common ones what is there.

Source: USB-IF, HID Usage Tables 1.5.
Invariant: pure; a usage without a name here is told by its number.
"""

from runtime.model.hid import Usage, Usages

PAGES = {
    0x01: "generic desktop",
    0x02: "simulation",
    0x03: "virtual reality",
    0x04: "sport",
    0x05: "game",
    0x06: "generic device",
    0x07: "keyboard",
    0x08: "LED",
    0x09: "button",
    0x0A: "ordinal",
    0x0B: "telephony",
    0x0C: "consumer",
    0x0D: "digitizer",
    0x0E: "haptics",
    0x0F: "physical input device",
    0x14: "display",
    0x20: "sensor",
    0x40: "medical",
    0x41: "braille",
    0x59: "lighting",
    0x80: "monitor",
    0x84: "power device",
    0x85: "battery system",
    0x8C: "bar code scanner",
    0x8D: "scale",
    0x90: "camera",
    0x91: "arcade",
    0xF1D0: "FIDO alliance",
}
VENDOR_PAGE = 0xFF00  # the first that is a vendor's own
_NUMBERED = {0x09: "button {}", 0x0A: "instance {}"}


def _row(first: int, names: str) -> dict[int, str]:
    """Consecutive usages, by their names in order; ``-`` has none."""
    return {
        number: name.replace("_", " ")
        for number, name in enumerate(names.split(), first)
        if name != "-"
    }


_DESKTOP = (
    _row(0x01, "pointer mouse - joystick gamepad keyboard keypad multi-axis_controller tablet_PC")
    | _row(0x30, "X Y Z Rx Ry Rz slider dial wheel hat_switch")
    | _row(0x3A, "counted_buffer byte_count motion_wakeup start select - Vx Vy Vz Vbrx Vbry Vbrz")
    | _row(0x46, "Vno feature_notification resolution_multiplier")
    | _row(0x80, "system_control power_down sleep wake_up context_menu main_menu app_menu")
    | _row(0x90, "D-pad_up D-pad_down D-pad_right D-pad_left")
    | _row(0xC6, "wireless_radio_button wireless_radio_LED wireless_radio_switch")
)
_KEYS = (
    _row(0x00, "none rollover_error POST_fail undefined_error")
    | _row(0x04, " ".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890"))
    | _row(0x28, "return escape backspace tab space - = [ ] \\ # ; ' ` , . / caps_lock")
    | _row(0x3A, " ".join(f"F{n}" for n in range(1, 13)))
    | _row(0x46, "print_screen scroll_lock pause insert home page_up delete end page_down")
    | _row(0x4F, "right left down up num_lock")
    | _row(0x54, " ".join(f"keypad_{key}" for key in "/*-+")) | {0x58: "keypad enter"}
    | _row(0x59, " ".join(f"keypad_{key}" for key in "1234567890."))
    | _row(0x64, "102nd application power keypad_=")
    | _row(0x68, " ".join(f"F{n}" for n in range(13, 25)))
    | _row(0xE0, "left_control left_shift left_alt left_GUI right_control right_shift")
    | _row(0xE6, "right_alt right_GUI")
)  # fmt: skip
_LEDS = _row(0x01, "num_lock caps_lock scroll_lock compose kana power shift do_not_disturb mute")
_CONSUMER = (
    _row(0x01, "consumer_control numeric_key_pad programmable_buttons microphone headphone")
    | _row(0x30, "power reset sleep")
    | _row(0x6F, "brightness_up brightness_down")
    | _row(0xB0, "play pause record fast_forward rewind next_track previous_track stop eject")
    | _row(0xCD, "play_or_pause - voice_command")
    | _row(0xE0, "volume balance mute")
    | _row(0xE9, "volume_up volume_down")
    | {0x183: "media player", 0x18A: "mail", 0x192: "calculator", 0x194: "file browser"}
    | _row(0x221, "search go_to home back forward stop refresh")
    | {0x238: "pan", 0x2C0: "extended keyboard attributes"}
)
_DIGITIZER = (
    _row(0x01, "digitizer pen light_pen touch_screen touch_pad white_board")
    | _row(0x0E, "device_configuration")
    | _row(0x20, "stylus puck finger device_settings")
    | _row(0x30, "tip_pressure barrel_pressure in_range touch untouch tap quality data_valid")
    | _row(0x38, "transducer_index tablet_function_keys program_change_keys battery_strength")
    | _row(0x3C, "invert X_tilt Y_tilt azimuth altitude twist tip_switch secondary_tip_switch")
    | _row(0x44, "barrel_switch eraser tablet_pick touch_valid width height contact_identifier")
    | _row(0x51, "contact_identifier device_mode device_identifier contact_count")
    | _row(0x55, "contact_count_maximum scan_time surface_switch button_switch pad_type")
    | _row(0x5A, "secondary_barrel_switch transducer_serial_number")
)
_NAMES = {0x01: _DESKTOP, 0x07: _KEYS, 0x08: _LEDS, 0x0C: _CONSUMER, 0x0D: _DIGITIZER}


def page_words(page: int) -> str:
    """The name of a page."""
    known = PAGES.get(page)
    return known or (f"vendor's page {page:#06x}" if page >= VENDOR_PAGE else f"page {page:#04x}")


def usage_words(usage: Usage) -> str:
    """The name of a usage on its page; its number where it has none."""
    if usage.page in _NUMBERED:
        return _NUMBERED[usage.page].format(usage.usage)
    known = _NAMES.get(usage.page, {}).get(usage.usage)
    return known or (f"usage {usage.usage:#04x}" if usage.usage else "undefined")


def range_words(usages: Usages) -> str:
    """One usage, or the first and the last of several."""
    first = usage_words(Usage(usages.page, usages.first))
    if usages.first == usages.last:
        return first
    return f"{first} to {usage_words(Usage(usages.page, usages.last))}"
