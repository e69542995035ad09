<?php
// A complete receiver of Hookline's webhooks. Needs only PHP 8.1 or newer.
//
//     WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:9000 examples/receivers/receiver.php
//
// It verifies, stores, answers, and works afterwards, so that a crash at any point loses nothing:
// what was not answered comes again, and what was answered is in the inbox. WEBHOOK_SECRET may hold
// several secrets with spaces between, INBOX another file than inbox.jsonl. A real service keeps the
// inbox in its database, as a table whose key is the event's id, and has a worker of its own do the
// work: `php receiver.php` in a second terminal does what is left.

declare(strict_types=1);

const BODY_BYTES_MAX = 1_000_000;
const TOLERANCE_S = 300;

/** Whether a signature is right, by any secret, and the request no old one sent again. */
function is_signed(array $secrets, array $headers, string $body): bool
{
    $sent_at = $headers['webhook-timestamp'] ?? '';
    if (!ctype_digit($sent_at) || abs(time() - (int) $sent_at) > TOLERANCE_S) {
        return false;
    }
    $content = ($headers['webhook-id'] ?? '') . ".$sent_at.$body";
    $given = explode(' ', $headers['webhook-signature'] ?? ''); // two while a secret is rotated
    foreach ($secrets as $secret) {
        $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
        $expected = 'v1,' . base64_encode(hash_hmac('sha256', $content, $key, true));
        foreach ($given as $one) {
            if (hash_equals($expected, $one)) {
                return true;
            }
        }
    }
    return false;
}

/** Stores the event durably; false when it is there already. Throws when it cannot be stored. */
function take(string $inbox, array $event): bool
{
    $file = @fopen($inbox, 'a+');
    if ($file === false || !flock($file, LOCK_EX)) {
        throw new RuntimeException("$inbox cannot be written");
    }
    try {
        rewind($file);
        while (($line = fgets($file)) !== false) {
            if (json_decode($line, true)['id'] === $event['id']) {
                return false;
            }
        }
        $line = json_encode($event, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR) . "\n";
        if (fwrite($file, $line) !== strlen($line) || !fsync($file)) {
            throw new RuntimeException("$inbox cannot be written");
        }
        return true;
    } finally {
        fclose($file);
    }
}

/** What is in the inbox and not done yet; it may be done twice if the program dies in the middle. */
function work(string $inbox): void
{
    $counter = fopen("$inbox.done", 'c+');
    if ($counter === false || !flock($counter, LOCK_EX) || !is_file($inbox)) {
        return;
    }
    $done = (int) stream_get_contents($counter);
    $latest = []; // how far each resource is; a real service has it in the resource's row
    foreach (file($inbox) as $number => $line) {
        $event = json_decode($line, true);
        $resource = $event['data']['id'];
        $is_newer = $event['sequence'] > ($latest[$resource] ?? 0);
        if ($is_newer) {
            $latest[$resource] = $event['sequence'];
        }
        if ($number < $done) {
            continue;
        }
        $word = $is_newer ? 'did' : 'older';
        say("$word {$event['type']} $resource {$event['sequence']}"); // your work
        ftruncate($counter, 0);
        rewind($counter);
        fwrite($counter, (string) ($number + 1));
        fflush($counter);
    }
    fclose($counter);
}

function say(string $line): void
{
    file_put_contents('php://stderr', "$line\n");
}

$inbox = getenv('INBOX') ?: 'inbox.jsonl';
if (PHP_SAPI === 'cli') {
    work($inbox);
    exit;
}
$secrets = preg_split('/ +/', getenv('WEBHOOK_SECRET') ?: '', -1, PREG_SPLIT_NO_EMPTY);
$body = file_get_contents('php://input', false, null, 0, BODY_BYTES_MAX + 1);
header('Content-Length: 0');
if (strlen($body) > BODY_BYTES_MAX) {
    http_response_code(413);
    exit;
}
if (!is_signed($secrets, array_change_key_case(getallheaders()), $body)) {
    say('refused: the signature is not right');
    http_response_code(401);
    exit;
}
$event = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
try {
    $is_new = take($inbox, $event);
} catch (RuntimeException $error) {
    say("not stored: {$error->getMessage()}");
    header('Retry-After: 30');
    http_response_code(503);
    exit;
}
http_response_code(204);
if (function_exists('fastcgi_finish_request')) {
    fastcgi_finish_request(); // the answer goes out, and the work follows
} else {
    flush();
}
if (!$is_new) {
    say("again {$event['id']}");
}
work($inbox);
