# firewalld as an administrator sets it up, within the engine's root, before Docker starts beside it.
# BACKEND is nftables or iptables, STRICT yes or no (firewalld 2.3 and newer; others do not know it).
set -e
mkdir -p /run/dbus
dbus-daemon --system --fork
sed -i "s/^FirewallBackend=.*/FirewallBackend=$BACKEND/; s/^StrictForwardPorts=.*/StrictForwardPorts=$STRICT/; s/^LogDenied=.*/LogDenied=unicast/" /etc/firewalld/firewalld.conf
PYTHONHASHSEED=0 firewalld --nofork --nopid >/mnt/firewalld.log 2>&1 &
for i in $(seq 100); do
	firewall-cmd --state >/dev/null 2>&1 && break
	sleep 0.1
done
set -x
permanent="firewall-cmd --permanent"
$permanent --zone=public --add-interface=eno1
$permanent --zone=public --add-port=9999/tcp
$permanent --zone=public --add-icmp-block=redirect
$permanent --zone=public --add-rich-rule='rule family="ipv4" source address="192.168.0.0/24" port port="9001" protocol="tcp" accept'
$permanent --zone=public --add-rich-rule='rule family="ipv4" source address="198.51.100.0/24" service name="http" log prefix="web " level="info" limit value="3/m" accept'
$permanent --zone=public --add-rich-rule='rule priority="-10" protocol value="esp" drop'
$permanent --zone=public --add-forward-port=port=8081:proto=tcp:toport=80:toaddr=172.30.0.20
$permanent --zone=internal --add-interface=eno2
$permanent --zone=internal --add-masquerade
$permanent --new-ipset=blocked --type=hash:net
$permanent --ipset=blocked --add-entry=203.0.113.16/28
$permanent --zone=drop --add-source=ipset:blocked
$permanent --new-policy=annex
$permanent --policy=annex --add-ingress-zone=internal
$permanent --policy=annex --add-egress-zone=public
$permanent --policy=annex --add-rich-rule='rule service name="http" accept'
$permanent --direct --add-rule ipv4 filter FORWARD 0 -s 198.51.100.9 -p tcp -m tcp --dport 25 -j DROP
firewall-cmd --reload
