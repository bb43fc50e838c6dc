# fail2ban with a jail for each of its usual actions, and clients banned in each. ACTIONS are "all", or "iptables" alone.
set -e
jail() { # NAME ACTION CHAIN PORTS
	cat <<-JAIL
		[$1]
		enabled = true
		filter = sshd
		backend = polling
		logpath = /tmp/ban.log
		action = $2[name=$1, port="$4", protocol="tcp", chain="$3"]
	JAIL
}
{
	jail sshd iptables-multiport INPUT 22,9999
	jail docker iptables-allports DOCKER-USER 0:65535
	jail sets iptables-ipset-proto6-allports DOCKER-USER 0:65535
	if [ "$ACTIONS" = all ]; then
		jail web nftables-multiport input 80,8123,9999
		jail all nftables-allports input 0-65535
	fi
} >/etc/fail2ban/jail.local
rm -f /etc/fail2ban/jail.d/*
touch /tmp/ban.log
mkdir -p /run/fail2ban
fail2ban-server -b >/mnt/fail2ban.log 2>&1
for i in $(seq 100); do
	fail2ban-client ping >/dev/null 2>&1 && break
	sleep 0.1
done
set -x
fail2ban-client set sshd banip 203.0.113.20 2001:db8::20
fail2ban-client set docker banip 198.51.100.7
fail2ban-client set sets banip 192.168.0.7
if [ "$ACTIONS" = all ]; then
	fail2ban-client set web banip 10.99.0.5 2001:db8:99::5
	fail2ban-client set all banip 2001:db8:51::7
fi
# Actions are carried out a moment after the ban is noted.
for i in $(seq 100); do
	grep -c "Ban " /var/log/fail2ban.log >/dev/null && ! fail2ban-client status | grep -q "Number of jail:.*0" && break
	sleep 0.1
done
sleep 2
