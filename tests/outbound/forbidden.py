"""Where no request may go: addresses of every special kind, and the spellings that hide them.

One table for the client, which connects, and for each place where somebody enters a URL.
"""

HOSTS = [
    # this host and this network
    "0.0.0.0", "0", "0.1.2.3", "[::]",
    # loopback, however it is written
    "127.0.0.1", "127.0.0.1.", "127.255.255.254", "localhost", "LOCALHOST", "localhost.", "a.b.localhost",
    "2130706433", "017700000001", "0x7f000001", "0X7F.0x0.0.1", "0177.0.0.01", "127.1", "127.0.1", "0x7f.1",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]",
    # the same in digits and dots that only look otherwise
    "１２７.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "ｌｏｃａｌｈｏｓｔ",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "local\u00adhost", "loc\u200balhost", "𝟏𝟐𝟕.0.0.1", "²130706433",
    # private, carrier-grade NAT, link-local, and what clouds answer on
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1",
    "100.100.100.200", "169.254.169.254", "2852039166", "0xa9fea9fe", "169.254.1.1", "168.63.129.16",
    "[fc00::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "[fe80::1]", "[fec0::1]",
    # multicast, broadcast, reserved, relays, protocols, documentation, benchmarks
    "224.0.0.1", "239.255.255.255", "255.255.255.255", "4294967295", "240.0.0.1", "192.88.99.1", "192.0.0.8",
    "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "[ff02::1]", "[ff0e::1]", "[100::1]",
    "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[2001:2::1]", "[2001:20::1]", "[4000::1]",
    # an IPv4 address inside an IPv6 address: mapped, translated, compatible, NAT64, 6to4, Teredo
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
    "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[::a9fe:a9fe]", "[::8.8.8.8]", "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b::10.0.0.1]", "[64:ff9b::192.168.0.1]", "[64:ff9b::224.0.0.1]",
    "[64:ff9b::1:808:808]", "[64:ff9b:1::8.8.8.8]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2002:808:808::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
]  # fmt: skip
"""Hosts that lead to an address which is not public: `target_not_allowed`."""

URLS = [
    # what two readers could take for different hosts
    "http://user@127.0.0.1/", "http://example.com@127.0.0.1/", "http://127.0.0.1@example.com/",
    "http://user:pw@example.com/", "http://@example.com/", "http://example.com%40127.0.0.1/",
    "http://example.com\\@127.0.0.1/", "http://127.0.0.1\\.example.com/", "http://example.com#@127.0.0.1/",
    "http://127.0.0.1#.example.com/", "http://example.com:80#@127.0.0.1:80/",
    # hosts that are none
    "http://127.0.0.1../", "http://127.0.0.1%00/", "http://127.0.0.1%2e/", "http://%6c%6f%63alhost/",
    "http://127.0.0.1 /", "http://127.0.0.1\t/", "http://127.0.0.1\r\nHost: a/", "http://localhost../",
    "http://.localhost/", "http:///127.0.0.1/", "http:/127.0.0.1/", "http:127.0.0.1/", "//127.0.0.1/",
    "http://[127.0.0.1]/", "http://[::1/", "http://::1/", "http://[::1%25lo]/", "http://[fe80::1%25eth0]/",
    "http://[::ffff:0x7f.1]/", "http://[::ffff:127.1]/", "http://[localhost]/",
    "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:80:80/", "http://127.0.0.1:８０/",
    # numbers that are no IPv4 address, so that no resolver is asked what it takes them for
    "http://4294967296/", "http://0x100000000/", "http://127.0.0.1.1/", "http://127.0.0.256/", "http://127.0.0.08/",
    "http://127..1/", "http://256.0.0.1/", "http://example.1/", "http://0x7f.0.0.0x1000000/",
    # other schemes
    "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:25/", "dict://127.0.0.1:11211/",
    "unix:///var/run/docker.sock", "jar:http://127.0.0.1!/", "data:text/plain,x", "ws://127.0.0.1/",
]  # fmt: skip
"""URLs that are refused as they stand: `target_invalid`."""

ANSWERS = [host.strip("[]") for host in HOSTS if host.startswith("[")] + [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.0.0.53", "168.63.129.16", "169.254.169.254",
    "172.16.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "fe80::1%2",
]  # fmt: skip
"""Addresses that DNS may answer with, to no avail."""
