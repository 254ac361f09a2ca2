"""The style sheet; `@name;` stands for a colour of `ioregui.window.theme.Theme`, or a size.

Dynamic property `role` of a widget picks its look: "banner", "primary", "quiet", "heading",
"muted", "bar", "choice".
A size of text that is said for every widget has each of them measured again when it is dressed.
Invariant: holds no colour and no size of text of its own.
"""

SHEET = """
* { outline: none; }
QWidget { font-size: @text_pt; }
QMainWindow, QDialog { background: @window; }
QToolTip { background: @raised; color: @text; border: 1px solid @line; padding: 4px; }

QWidget[role="bar"] { background: @window; }
QLabel[role="heading"] { font-size: @heading_pt;; font-weight: 600; }
QLabel[role="muted"] { color: @muted; }
QFrame[role="banner"] { background: @notice; border: none; border-bottom: 1px solid @line; }
QFrame[role="banner"] QLabel { color: @on_notice; background: transparent; }
QFrame[role="banner"] QPushButton { color: @on_notice; background: transparent;
    border: 1px solid @on_notice; padding: 2px 10px; }
QFrame[role="banner"] QPushButton:focus { background: @base; border: 2px solid @on_notice;
    padding: 1px 9px; }
QFrame[role="calm"] { background: @base; border: none; border-bottom: 1px solid @line; }
QFrame[role="calm"] QLabel { color: @text; background: transparent; }
QFrame[role="line"] { background: @line; border: none; }

QPushButton, QToolButton[role="button"] { background: @raised; color: @text;
    border: 1px solid @line; border-radius: 5px; padding: 4px 12px; min-height: 18px; }
QPushButton:hover, QToolButton:hover { background: @hover; }
QPushButton:focus, QToolButton:focus { border: 1px solid @accent; }
QPushButton:disabled { color: @muted; background: @window; }
QPushButton[role="choice"]:checked { background: @selection; color: @on_selection; }
QPushButton[role="primary"] { background: @accent; color: @on_accent;
    border: 1px solid @accent; }
QPushButton[role="primary"]:focus { border: 2px solid @text; padding: 3px 11px; }
QPushButton[role="primary"]:disabled { background: @window; color: @muted;
    border: 1px solid @line; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 5px;
    padding: 4px 8px; }
QToolButton:checked { background: @selection; color: @on_selection; }
QToolButton::menu-indicator { image: none; }

QCheckBox { border: 1px solid transparent; border-radius: 4px; padding: 2px; }
QCheckBox:focus { border: 1px solid @accent; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QLineEdit { background: @base; border: 1px solid @line; border-radius: 5px; padding: 4px 8px;
    selection-background-color: @selection; selection-color: @on_selection; }
QLineEdit:focus { border: 1px solid @accent; }
QComboBox { background: @raised; border: 1px solid @line; border-radius: 5px;
    padding: 4px 10px; min-height: 18px; }
QComboBox:focus { border: 1px solid @accent; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { width: 0px; height: 0px; border-left: 4px solid @raised;
    border-right: 4px solid @raised; border-top: 5px solid @muted; }

QTableView, QListView, QTreeView, QPlainTextEdit, QTextEdit { background: @base;
    border: 1px solid @base;
    selection-background-color: @selection; selection-color: @on_selection; }
QTableView:focus, QTextEdit:focus, QPlainTextEdit:focus, QListView[role="navigation"]:focus {
    border: 1px solid @accent; }
QTableView::item, QListView::item { padding: 0px 6px; border: none; }
QTableView::item:hover, QListView::item:hover { background: @hover; }
QTableView::item:selected, QListView::item:selected { background: @selection;
    color: @on_selection; }
QHeaderView { background: @base; border: none; }
QHeaderView::section { background: @base; color: @muted; border: none;
    border-bottom: 1px solid @line; padding: 5px 8px; font-weight: 500; }
QTableCornerButton::section { background: @base; border: none; }

QListView[role="navigation"] { background: @window; border: 1px solid @window; padding: 5px; }
QListView[role="navigation"]::item { border-radius: 5px; padding: 7px 10px; margin: 1px 0px; }

QTabWidget::pane { border: none; border-top: 1px solid @line; background: @base; }
QTabBar { background: @window; }
QTabBar::tab { background: transparent; color: @muted; padding: 7px 12px; border: none;
    border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:selected { color: @text; border-bottom: 2px solid @accent; }
QTabBar::tab:focus { color: @accent; }

QSplitter::handle { background: @line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QStatusBar { background: @window; border-top: 1px solid @line; }
QStatusBar::item { border: none; }
QStatusBar QLabel { color: @muted; padding: 2px 8px; }
QMenu { background: @raised; border: 1px solid @line; padding: 4px; }
QMenu::item { padding: 5px 28px 5px 22px; border-radius: 4px; }
QMenu::item:selected { background: @selection; color: @on_selection; }
QMenu::item:disabled { color: @muted; }
QMenu::separator { height: 1px; background: @line; margin: 4px 8px; }

QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: @line; border-radius: 4px; margin: 2px; min-height: 28px;
    min-width: 28px; }
QScrollBar::handle:hover { background: @muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
"""
