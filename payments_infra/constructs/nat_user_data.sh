#!/bin/bash
# Makes a stock Amazon Linux 2023 instance translate the addresses of private subnets to its own, now and after every
# reboot. Runs once, at first boot; running it again changes nothing.
set -euo pipefail

cat >/etc/sysctl.d/90-nat.conf <<'SYSCTL'
net.ipv4.ip_forward = 1
# Packets leave by the interface they came in by. Without this the kernel tells each sender of a shorter way, which
# there is not.
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.default.send_redirects = 0
SYSCTL

cat >/usr/local/sbin/nat <<'SCRIPT'
#!/bin/bash
set -euo pipefail

# The stock image has no nftables. The Elastic IP may come a little after the instance, and other installations hold
# dnf's lock at first boot: then this fails, and systemd tries again.
install_nftables() {
    local swap=/var/lib/nat.swap
    # A nano's 512 MB are not enough for dnf beside the Session Manager agent, which updates itself at first boot.
    if ! grep -q "^$swap " /proc/swaps; then
        dd if=/dev/zero of="$swap" bs=1M count=1024 status=none
        chmod 600 "$swap"
        mkswap --quiet "$swap"
        swapon "$swap"
    fi
    dnf install -y -q nftables
    swapoff "$swap"
    rm "$swap"
}

interface=$(ip -4 -oneline route show default | sed -n '1s/.* dev \([^ ]*\).*/\1/p')
if [[ -z $interface ]]; then
    echo "there is no default route yet" >&2
    exit 1
fi
command -v nft >/dev/null || install_nftables

sysctl -q -p /etc/sysctl.d/90-nat.conf
sysctl -q -w "net.ipv4.conf.$interface.send_redirects=0"
# One transaction: there is no moment without rules, and running it twice leaves them once.
nft -f - <<RULES
table ip nat_instance
delete table ip nat_instance
table ip nat_instance {
    chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        oifname "$interface" masquerade
    }
    chain forward {
        type filter hook forward priority filter; policy accept;
        ct state invalid drop
    }
}
RULES
SCRIPT
chmod 755 /usr/local/sbin/nat

cat >/etc/systemd/system/nat.service <<'UNIT'
[Unit]
Description=Network address translation for private subnets
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/nat
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
UNIT

systemctl daemon-reload
systemctl enable nat.service
# Not waited for: it may try for a while, and the boot must end.
systemctl restart --no-block nat.service
