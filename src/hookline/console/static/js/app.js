// The console's behaviour, one module a concern. Pages work without it; nothing here holds state
// that the server does not have.
import './toasts.js';
import './dialogs.js';
import './copying.js';
import './menus.js';
import './tabs.js';
import './forms.js';
import './scopes.js';
import './times.js';
import './theme.js';
import './keyboard.js';
import './palette.js';
import './live.js';
import './phone.js';
import './handset.js';
import './player.js';
