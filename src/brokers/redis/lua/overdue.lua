-- include common
-- Holders whose heartbeat has ended ARGV[1] ms ago or more.
return call('ZRANGEBYSCORE', P .. ':alive', '-inf', now - tonumber(ARGV[1]))
