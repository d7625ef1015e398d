# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands of Debian's packages for test-packages.py: what programs that nobody of this project wrote compute.

CASES: name -> a script for /bin/sh, run in an empty directory. A script says everything it finds out on its standard
output or error output, and the same each time: no times, process numbers, addresses or random numbers without a seed.
Programs that start others do so by PATH, or stay out: under the user-mode emulator an absolute path leads to nothing.
A few seconds of an idle host's time each; `scripts/guest/packages.sh` has the list of packages.
"""

# Bytes that look random, the same everywhere: data NAME KILOBYTES.
PRELUDE = r"""
data() { dd if=/dev/zero bs=1024 count=$2 2>/dev/null |
    openssl enc -aes-128-ctr -nosalt -K 0123456789abcdef0123456789abcdef -iv 00000000000000000000000000000001 >$1; }
sum() { sha256sum | cut -c1-16; }
round_trip() { "$@" <in >packed && sum <packed && "$1" -dc <packed | cmp - in && echo "$* round trip"; }
text() { seq 1 $2 | awk '{ print $1, $1 * 7919 % 10007, "line " $1 % 13 }' >$1; }
"""

CASES = {
    "openssl-digests": r"""
        data in 300
        for digest in md5 sha1 sha256 sha512 sha3-256 blake2b512 blake2s256 rmd160 sm3 shake256; do
            openssl dgst -$digest in
        done""",
    "openssl-ciphers": r"""
        data in 200
        key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
        for cipher in aes-256-cbc aes-192-ofb chacha20 des-ede3-cbc camellia-256-cbc aria-128-ctr sm4-cbc; do
            openssl enc -$cipher -nosalt -K $key -iv 00 -in in -out out 2>/dev/null
            openssl enc -d -$cipher -nosalt -K $key -iv 00 -in out 2>/dev/null | cmp - in && echo $cipher
            sum <out
        done""",
    "xz": "text in 9000; round_trip xz -6; round_trip xz -3 -T4 --block-size=40000; round_trip xz -C sha256 -1",
    "bc": r"echo 'scale=300; 4*a(1); e(1); l(2); j(3,2.5); 2^3000 % 10^40; sqrt(2)' | bc -l",
    "pari": r"""
        gp -q -f <<'END'
        print(factor(2^101-1)); print(bnfinit(x^4-7*x+3).fu); default(realprecision,150); print(zeta(3));
        print(lngamma(1/3)); print(ellap(ellinit([0,0,1,-7,6]),nextprime(10^18))); print(polroots(x^7-x+1));
        print(mateigen([1,2,3;4,5,6;7,8,10])); print(intnum(x=0,1,exp(-x^2))); print(sumalt(k=0,(-1)^k/(2*k+1)));
        print(vecsum(vector(500,n,eulerphi(n^3+7)))); print(qflll(matrix(6,6,i,j,(i*j*j+3*i)%17)));
END""",
    "gsl": r"""
        gsl-randist 42 500 gaussian 1.5; gsl-randist 7 200 levy 1 1.5; gsl-randist 1 300 poisson 5
        gsl-randist 9 200 gamma 0.3 2; gsl-randist 5 100 bivariate-gaussian 1 2 0.3""",
    "sqlite": r"""
        sqlite3 t.db <<'END'
        create table t(a integer primary key, b text, c real);
        with recursive n(i) as (select 1 union all select i+1 from n where i<3000)
            insert into t select i, hex(i*7919), sin(i)*1e3/(i+0.1) from n;
        create index ib on t(b); create index ic on t(c);
        select count(*), sum(c), min(c), max(c), avg(c), total(a) from t;
        select a, b, printf('%.15g', c) from t where c>1 order by c desc limit 10;
        delete from t where a%3=0; update t set c=c*2 where a%5=0; vacuum; pragma integrity_check;
        create virtual table f using fts5(x); insert into f select b from t limit 500;
        select count(*) from f where f match '3*'; select json_group_array(a) from (select a from t limit 5);
        select 1e308*10, -1e308*10, 0.1+0.2, 5/2, -5/2, -5%3, 1<<40, ~0, sqrt(2), pow(2,0.5), exp(1), atan2(1,2);
        pragma journal_mode=wal; begin; insert into t values(99999,'x',1); rollback; select count(*) from t;
END
        sqlite3 t.db .dump | sum""",
    "awk": r"""
        for awk in gawk mawk; do
            $awk 'BEGIN { for (i = 1; i < 20000; i++) s += sin(i) / i; printf "%.17g %d %x\n", s, 2^53, 2^31 - 1
                          for (i = 0; i < 3000; i++) a["k" i * 7919 % 3011] = i
                          for (k in a) n += a[k] * length(k)
                          print n, -7 % 3, int(-2.5), substr("hello", 2, 3), log(10), exp(1), atan2(1, -1), 2 ** 0.5
                          print toupper("abc"), index("abcd", "cd"), match("foobar", /o+b/), RSTART, RLENGTH }'
        done""",
    "jq": r"""
        jq -nc '[range(500)] | (map(. * .) | add), (tojson | @base64 | length), (map(sqrt) | add), 1e1000, -5 % 3,
            (1e17 | tostring), ([.[] | select(. % 7 == 0)] | length), (map(sin) | max), ("a,b" | split(",")), now > 0,
            ([limit(5; repeat(1))] | length), ("test" | test("^t.*t$")), (1700000000 | todate)'""",
    "tcl": r"""
        tclsh <<'END'
        puts [expr {2**200}]; puts [expr {sin(1e5)*exp(0.3)}]; puts [clock format 1000000000 -gmt 1]
        set l {}; for {set i 0} {$i < 1000} {incr i} {lappend l [expr {$i*7919%1009}]}
        puts [lindex [lsort -integer $l] 100]; puts [regsub -all {a+} baaac X]; puts [expr {-7/2}] ; puts [expr {1/3.0}]
        puts [binary encode hex [binary format dfwi 1.5 2.5 77 -1]]; puts [expr {entier(1e20)}];
            puts [catch {expr 1/0} e]$e
END""",
    "lua": r"""
        cat >a.lua <<'END'
        local s = 0 for i = 1, 30000 do s = s + math.sin(i) * i % 7 end print(string.format("%.17g", s))
        local t = {} for i = 1, 5000 do t[i] = (i * 7919) % 5003 end table.sort(t) print(t[1], t[2500], t[5000])
        print(("x"):rep(1000):gsub("x", "yz")) print(2 ^ 53, -7 % 3, math.floor(-2.5), -7.5 % 2, 7 / 2)
        local co = coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i) end end) print(co(), co(), co())
        print(pcall(error, "e")) local function f(n) if n == 0 then return 0 end return f(n - 1) end print(f(10000))
        print(("%5.2f %x %q"):format(1 / 3, 255, "a\nb"), ("hello world"):find("o w"), #("abc"), 10 // 1 or 0)
END
        lua5.4 a.lua; sed -i 's, // 1 or 0,,' a.lua
        luajit a.lua; luajit -joff a.lua; luajit -O3 -Ohotloop=2 a.lua""",
    "luajit-ffi": r"""
        luajit - <<'END'
        local ffi = require("ffi") ffi.cdef[[double sin(double); double pow(double, double); int abs(int);]]
        local a = ffi.new("double[200]")
        for j = 1, 60 do for i = 0, 199 do a[i] = a[i] + ffi.C.sin(i * j) * 0.5 + ffi.C.pow(i, 0.3) end end
        local s = 0 for i = 0, 199 do s = s + a[i] end print(("%.15g"):format(s))
        local b = require("bit") local x = 0 for i = 1, 2e5 do x = b.bxor(b.rol(x, 5), i) end print(x)
        local u = ffi.new("uint64_t", 1) for i = 1, 3000 do u = u * 6364136223846793005ULL + 1442695040888963407ULL end
        local f = ffi.new("float[64]") for k = 1, 500 do for i = 0, 63 do f[i] = f[i] * 0.7 + i / k end end
        print(u, u / 1000003ULL, u % 1000003ULL, ffi.cast("int64_t", u) / -7LL, b.tohex(u), f[63])
        local h = ffi.new("int16_t[64]") for k = 1, 500 do for i = 0, 63 do h[i] = h[i] * 31 + k end end print(h[63])
END""",
    "perl": r"""
        perl - <<'END'
        my ($x, $s, %h) = (12345, 0);
        for my $i (1 .. 20000) {
            $x = ($x * 1103515245 + 12345) & 0x7fffffff; $h{$x % 503} += $x; $s += sqrt($x) * sin($x) / ($i + 0.5)
        }
        printf "%.17g %s\n", $s, join ",", map { "$_=$h{$_}" } (sort { $a <=> $b } keys %h)[0 .. 20];
        print unpack("H*", pack("d>f>q>nNw", $s, $s, $x, 77, 99, 300)), "\n";
        print 2**0.5, " ", 9**9**9, " ", int(-7 / 2), " ", -7 % 3, " ", 1e15 + 0.3, " ", 18446744073709551615 - 1, "\n";
        use POSIX; print join " ", floor(-2.5), fmod(-7.5, 2), strtod("0x1.8p3"), ldexp(0.3, -1070), DBL_MIN, "\n";
        srand(42); print join(",", map { rand } 1 .. 5), "\n"; $_ = "x" x 5000; s/x/yz/g; print length, "\n";
        use threads; print join(",", map { $_->join } map { my $n = $_; threads->create(sub {
            my $t = 0; $t += $_ * $n for 1 .. 3000; $t }) } 1 .. 4), "\n";
        $SIG{USR1} = sub { print "signal\n" }; kill USR1 => $$; $SIG{ALRM} = sub { die "alarm\n" };
        eval { alarm 1; 1 while 1 }; print $@; print eval { 1 / ($s - $s) } // $@;
            print sprintf("%b %o %e", 77, 77, 1 / 3), "\n";
END""",
    "python-numbers": r"""
        python3 - <<'END'
        import array, cmath, decimal, fractions, hashlib, math, random, statistics, struct, zlib
        r = random.Random(42); a = [r.gauss(0, 1e3) for _ in range(2000)]
        print(hashlib.sha256(struct.pack("<2000d", *a)).hexdigest(), math.fsum(a), statistics.stdev(a).hex())
        print(struct.pack(">2000f", *a)[:40].hex(), struct.pack("e", 0.1).hex(),
              array.array("f", a[:9]).tobytes().hex())
        for f in (math.sin, math.cos, math.tan, math.exp, math.atan, math.sinh,
                  math.erf, math.gamma, math.lgamma, math.log1p):
            print(f.__name__, hashlib.md5(repr([f(abs(x) % 20 + 0.1).hex() for x in a]).encode()).hexdigest())
        for x in a[:20]:
            print(x, round(x, 3), int(x), "%.3e" % x, x % 7, x // 7,
                  divmod(x, -3), math.frexp(x), float.fromhex(x.hex()) == x)
        print(math.comb(200, 77), math.isqrt(10**60), pow(3, 10**6, 10**40), hash(1 / 3),
              hash(10**30), 5e-324 / 2, 1e308 * 10)
        print((3**1000) // (7**200), -(3**300) % (2**100), int("9" * 500) ** 2 % 10**50, (1 << 700).bit_length())
        decimal.getcontext().prec = 80
        print(decimal.Decimal(2).sqrt(), decimal.Decimal(1) / 7, decimal.Decimal("1.1") ** 77, decimal.Decimal(3).ln())
        print(sum(fractions.Fraction(1, n) for n in range(1, 60)), cmath.exp(1j),
              cmath.sqrt(-2 + 3j), (2 + 3j) ** (0.3 - 1j))
        print(zlib.crc32(bytes(a[0].hex(), "ascii") * 1000), zlib.adler32(b"x" * 99999),
              len(zlib.compress(repr(a).encode())))
END""",
    "python-threads": r"""
        python3 - <<'END'
        import mmap, os, queue, signal, socket, sys, threading, time
        sys.setswitchinterval(1e-5)
        total, lock, q = [0], threading.Lock(), queue.Queue(5)
        def add(n):
            for i in range(300):
                with lock:
                    total[0] += i * n
                q.put(i)
        ts = [threading.Thread(target=add, args=(n,)) for n in range(6)]
        for t in ts: t.start()
        got = sum(q.get() for _ in range(1800))
        for t in ts: t.join()
        print(total, got)
        seen = []
        signal.signal(signal.SIGALRM, lambda *a: seen.append(1)); signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        x = 0.0
        while len(seen) < 20: x += 1.5
        signal.setitimer(signal.ITIMER_REAL, 0); print(len(seen) >= 20, x > 0, x % 1.5)
        m = mmap.mmap(-1, 65536); pid = os.fork()
        if pid == 0: m[40000:40005] = b"child"; os._exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), m[40000:40005])
        a, b = socket.socketpair(); t = threading.Thread(target=lambda: a.sendall(b"z" * 300000) or a.close());
        t.start()
        n = 0
        while d := b.recv(7777): n += len(d)
        print(n); t.join(); b = threading.Barrier(4); hits = []
        def meet():
            for i in range(50): b.wait(); hits.append(i)
        ts = [threading.Thread(target=meet) for _ in range(4)]
        for t in ts: t.start()
        for t in ts: t.join()
        print(len(hits), sorted(hits)[-1])
END""",
    "numpy": r"""
        python3 - <<'END'
        import hashlib, numpy as np
        def h(name, x): print(name, hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()[:16])
        a = np.random.default_rng(7).standard_normal((60, 60)); p = np.abs(a); s = a.astype("f4")
        h("normal", a); h("product", a @ a); h("inverse", np.linalg.inv(a)); h("fft", np.fft.fft2(a));
        h("half", a.astype("f2"))
        h("svd", np.linalg.svd(a)[1]); h("sort", np.sort(a, axis=0)); h("int16", (a * 1e3).astype("i2"));
        h("cube", s ** 3)
        for f in (np.exp, np.sin, np.tanh, np.cbrt, np.expm1, np.arctan, np.floor,
                  np.rint, np.spacing, np.sign, np.log1p):
            h(f.__name__, f(p)); h(f.__name__ + "f", f(np.abs(s)))
        for t in "f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 c8 c16".split(): h(t, (p * 30).astype(t) * 3)
        h("quotient", s / s.T); h("sums", np.cumsum(s)); h("hypot", np.hypot(a, a.T)); h("next", np.nextafter(a, 9))
        h("divmod", np.array(np.divmod((a * 1e6).astype("i8"), 97))); h("remainder", np.remainder(a, 0.37));
        print(a.std(), s.sum())
END""",
    "go": r"""
        cat >a.go <<'END'
        package main
        import ("fmt"; "math"; "math/big"; "os"; "os/signal"; "runtime"; "sync"; "sync/atomic"; "syscall"; "time")
        func main() {
            var n int64; var u uint32; var wg sync.WaitGroup; var mu sync.Mutex; m := map[string]int{}
            for g := 0; g < 8; g++ { wg.Add(1); go func(g int) { defer wg.Done(); for i := 0; i < 800; i++ {
                atomic.AddInt64(&n, int64(i)); for { o := atomic.LoadUint32(&u);
                    if atomic.CompareAndSwapUint32(&u, o, o+1) { break } }
                mu.Lock(); m[fmt.Sprint(i%100)]++; mu.Unlock(); if i%100 == 0 { runtime.Gosched() } } }(g) }
            wg.Wait(); fmt.Println(n, u, len(m), m["7"])
            c := make(chan int); go func() { for i := 0; i < 500; i++ { c <- i }; close(c) }(); s := 0;
                for x := range c { s += x }
            f := 0.0; for i := 1; i < 3000;
                i++ { f += math.Sin(float64(i)) * math.Sqrt(float64(i)) / math.Exp(float64(i%9)) }
            b := big.NewInt(1); for i := int64(1); i < 200; i++ { b.Mul(b, big.NewInt(i)) };
                fmt.Println(s, f, math.FMA(1.5, 2.5, f), b)
            sc := make(chan os.Signal, 1); signal.Notify(sc, syscall.SIGUSR1);
                syscall.Kill(os.Getpid(), syscall.SIGUSR1); fmt.Println(<-sc)
            func() { defer func() { fmt.Println("recovered", recover()) }(); var p *int; _ = *p }()
            func() { defer func() { fmt.Println(recover()) }(); z := 0; fmt.Println(1 / z) }()
            select { case <-time.After(20 * time.Millisecond): fmt.Println("timer") }
            go func() { for {} }(); time.Sleep(30 * time.Millisecond); runtime.GC(); fmt.Println("preempted")
            i64 := int64(math.MinInt64); d := int64(-1);
                fmt.Println(i64/d, i64>>3, uint64(i64)%1000003, int32(int64(f)))
        }
END
        tool=/usr/lib/go-1.19/pkg/tool/linux_arm
        export GOOS=linux GOARCH=arm GOARM=5
        packages=/usr/lib/go-1.19/pkg/linux_arm
        arm $tool/compile -trimpath $PWD -p main -I $packages -o a.o a.go && sum <a.o
        arm $tool/link -L $packages -o a a.o
        arm ./a; GOMAXPROCS=1 GODEBUG=asyncpreemptoff=0 GOGC=5 arm ./a""",
    "sbcl": r"""
        cat >a.lisp <<'END'
        (defun fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
        (format t "~a ~a~%" (fib 18) (let ((p 1)) (loop for i from 1 to 100 do (setf p (* p i))) p))
        (format t "~,15f ~a ~a~%" (loop for i from 1 to 2000 sum (/ (sin (float i 1d0)) i))
            (/ (expt 3 100) (expt 2 100)) (expt 2.5d0 0.7d0))
        (let ((h (make-hash-table :test 'equal)))
          (loop for i below 3000 do (setf (gethash (format nil "k~d" (mod (* i 7919) 2011)) h) i))
          (format t "~a~%" (hash-table-count h)))
        (format t "~a~%" (handler-case (error "x") (error () 'caught)))
        (format t "~a~%" (handler-case (/ 1 0) (division-by-zero () 'zero)))
END
        sbcl --script a.lisp 2>&1""",
}
