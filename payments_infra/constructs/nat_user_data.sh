#!/bin/bash
# Makes a stock Amazon Linux 2023 instance translate the addresses of private subnets to its own, now and after every
# reboot. Runs once, at first boot; running it again changes nothing. The word between at signs stands for the private
# subnets' ranges.
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

# EC2 knows nothing of translation: to its status checks an instance without it looks well. One that can't translate
# ten minutes after its boot goes off the network, fails the checks, and so rings the alarms, one of which reboots it:
# another ten minutes of tries.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
fail_status_checks() {
    local up_seconds
    read -r up_seconds _ </proc/uptime
    if ((${up_seconds%.*} >= 600)) && [[ -n $interface ]] && ! nft list table ip nat_instance &>/dev/null; then
        echo "there is still no translation: $interface goes down" >&2
        ip link set dev "$interface" down
    fi
}

# The stock image has no nftables. The Elastic IP may come a little after the instance, and other installations hold
# dnf's lock at first boot, for which dnf would wait for ever: then this fails, and systemd tries again.
install_nftables() {
    local swap=/var/lib/nat.swap
    # A nano's 512 MB are not enough for dnf beside the Session Manager agent, which updates itself at first boot.
    if ! grep -q "^$swap " /proc/swaps; then
        dd if=/dev/zero of="$swap" bs=1M count=1024 status=none
        chmod 600 "$swap"
        mkswap --quiet "$swap"
        swapon "$swap"
    fi
    timeout 300 dnf install -y -q nftables
    swapoff "$swap"
    rm "$swap"
}

interface=$(ip -4 -oneline route show default | sed -n '1s/.* dev \([^ ]*\).*/\1/p')
trap '(($? == 0)) || fail_status_checks' EXIT
if [[ -z $interface ]]; then
    echo "there is no default route yet" >&2
    exit 1
fi
command -v nft >/dev/null || install_nftables

# One transaction: there is no moment without rules, and running it twice leaves them once. What security groups say is
# said here again, so that neither mistake alone opens a door; names, time and metadata have addresses in
# 169.254.0.0/16, and answers to DHCP may come to a connection that nobody opened.
nft -f - <<RULES
table ip nat_instance
delete table ip nat_instance
table ip nat_instance {
    chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr { @SOURCES@ } oifname "$interface" masquerade
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state invalid drop
        ct state established,related accept
        ip daddr 169.254.0.0/16 drop
        ip saddr { @SOURCES@ } iifname "$interface" oifname "$interface" tcp dport 443 accept
    }
    chain input {
        type filter hook input priority filter; policy drop;
        iifname "lo" accept
        ct state established,related accept
        udp sport 67 udp dport 68 accept
    }
}
RULES
sysctl -q -p /etc/sysctl.d/90-nat.conf
sysctl -q -w "net.ipv4.conf.$interface.send_redirects=0"
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
