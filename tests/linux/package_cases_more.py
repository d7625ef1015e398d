# SPDX-License-Identifier: GPL-2.0-or-later
"""More rows for package_cases.py, of larger programs: archives, pictures, sound and film, compilers and what they make,
solvers, and languages whose translators make code while the program runs.

Programs that list a directory are not here: under the user-mode emulator that fails on file systems whose positions in
a directory have 64 bits.
"""

MORE_CASES = {
    "compressors": r"""
        data noise 40; text in 6000; cat noise in noise >both; mv both in
        for way in "zstd -3" "zstd -T4 -B40000" "bzip2 -9" "bzip2 -1" "lz4 -9" "lz4 -BD" \
            "brotli -q 9 -w 18"; do round_trip $way; done
        for way in lzma ppmd bzip2 deflate; do
            arm /usr/lib/p7zip/7za a -m0=$way -mx=5 -bd a.7z in >out 2>&1 || tail -n 3 out
            arm /usr/lib/p7zip/7za x -so a.7z 2>&1 | cmp - in && echo 7z $way; rm a.7z
        done""",
    "imagemagick": r"""
        modules=$TREE/usr/lib/arm-linux-gnueabi/ImageMagick-6.9.11
        export MAGICK_CODER_MODULE_PATH=$modules/modules-Q16/coders
        export MAGICK_FILTER_MODULE_PATH=$modules/modules-Q16/filters
        export MAGICK_CONFIGURE_PATH=$TREE/etc/ImageMagick-6:$modules/config-Q16
        convert-im6.q16 -seed 7 -size 160x120 plasma:fractal a.miff
        for what in "-blur 0x3" "-resize 57%" "-rotate 23" "-sharpen 0x1" "-colorspace Lab" "-swirl 90" "-median 3" \
            "-equalize" "-distort Perspective 0,0,10,5,159,0,140,9,0,119,7,110,159,119,150,119" \
            "-quantize YUV -colors 9"
        do convert-im6.q16 a.miff $what -depth 8 rgb:- | sum; done
        for as in png jpg gif tiff bmp ppm; do
            convert-im6.q16 a.miff -strip -depth 8 out.$as; convert-im6.q16 out.$as -depth 8 rgb:- | sum; done
        identify-im6.q16 -format "%m %w %h %k %r\n" out.*; compare-im6.q16 -metric RMSE a.miff out.jpg null: ; echo""",
    "ffmpeg": r"""
        video="-f lavfi -i testsrc2=s=128x96:r=10:d=2" exact="-flags bitexact -fflags bitexact -map_metadata -1"
        audio="-f lavfi -i sine=440:d=2:r=32000,aeval=val(0)*0.5+random(0)*0.1"
        for codec in mpeg4 mpeg2video mjpeg ffv1 h263p snow huffyuv libx264 libvpx libtheora; do
            ffmpeg -nostdin -v error $video $exact -threads 2 -c:v $codec -pix_fmt yuv420p -f nut -y out.nut
            sum <out.nut; ffmpeg -nostdin -v error -flags bitexact -i out.nut -f md5 -
        done
        for codec in flac aac ac3 mp2 libmp3lame libvorbis libopus adpcm_ima_wav; do
            ffmpeg -nostdin -v error $audio $exact -strict -2 -c:a $codec -f nut -y out.nut
            sum <out.nut; ffmpeg -nostdin -v error -flags bitexact -i out.nut -f md5 -
        done
        ffmpeg -nostdin -v error $video -vf scale=200:150,hue=s=0.5,unsharp,transpose,eq=gamma=1.3 -f md5 -""",
    "sound": r"""
        sox -n -r 44100 -b 16 -c 2 -D in.wav synth 1.5 pluck A3 synth 1.5 sine 300-3000 gain -3 2>&1
        sox in.wav -D out.wav reverb 50 pitch 300 rate -h 48000 2>&1; sum <out.wav
        flac -s --no-padding -8 in.wav -o in.flac && flac -s -d in.flac -o back.wav && cmp in.wav back.wav &&
            sum <in.flac
        lame --quiet -b 128 in.wav in.mp3; sum <in.mp3; opusenc --quiet --serial 1 --discard-comments in.wav in.opus
        sum <in.opus""",
    "webp": r"""
        export MAGICK_CODER_MODULE_PATH=$TREE/usr/lib/arm-linux-gnueabi/ImageMagick-6.9.11/modules-Q16/coders
        convert-im6.q16 -seed 7 -size 160x120 plasma:fractal -depth 8 a.ppm
        for how in "-q 70 -m 6" "-lossless" "-near_lossless 40" "-q 90 -mt"; do
            cwebp -quiet $how a.ppm -o a.webp; sum <a.webp; dwebp a.webp -ppm -o - 2>/dev/null | sum; done""",
    "php": r"""
        php8.2 -n -r '
        mt_srand(42); $a = []; for ($i = 0; $i < 3000; $i++) $a[] = mt_rand() * sin($i); sort($a);
        printf("%.17g %.17g %s\n", $a[7], array_sum($a), md5(serialize($a)));
        echo PHP_INT_MAX, " ", PHP_INT_MAX + 1, " ", 7 <=> 3, " ", intdiv(-7, 2), " ", fmod(-7.5, 2), " ", 1e1000, "\n";
        echo preg_replace_callback("/(\w)(\d+)/", fn($m) => $m[2] * 2 . $m[1], "a12 b34 zz"), crc32("hello"), "\n";
        function g() { for ($i = 0; $i < 5; $i++) { $x = yield $i; if ($x) echo $x;
            } } foreach (g() as $v) echo $v, ",";
        try { intdiv(1, 0); } catch (DivisionByZeroError $e) { echo $e->getMessage(), "\n"; }
        echo json_encode(["x" => 0.1 + 0.2, "y" => [1, 2, null]]), hash("xxh128", "a"), hash("sha3-512", "b"), "\n";
        for ($i = 0, $s = 0; $i < 300000; $i++) { $s = ($s * 31 + $i) & 0xffffff; } echo $s, "\n";'""",
    "ruby": r"""
        ruby --disable-gems - <<'END'
        r = Random.new(42); a = Array.new(2000) { r.rand }; puts a.sum, a.sort[77], [a.pack("E*")].pack("m")[0, 60]
        puts 3**400 / 7**100, -7 / 2, -7 % 3, 2**0.5, 1e400, 10.pow(300, 10**20), Rational(3, 7) ** 20
        puts Complex(1, 2) ** 9
        f = Fiber.new { 5.times { |i| Fiber.yield i * i } }; puts 4.times.map { f.resume }.inspect
        q = Queue.new; t = 4.times.map { |n| Thread.new { 500.times { |i| q << i * n } } }; t.each(&:join)
        puts 2000.times.sum { q.pop }; puts "hello world".gsub(/o(?=r)|l+/) {
            $&.upcase }, "%.17g %x" % [1 / 3.0, 2**70]
        h = {}; 5000.times { |i| h["k#{i * 7919 % 3011}"] = i }; puts h.size, h["k77"], h.keys.sort.first
        begin; Integer("x"); rescue ArgumentError => e; puts e.message; end;
            puts [3, 1, 2].sort.inspect, 1.0.next_float
        trap("USR1") { puts "signal" }; Process.kill("USR1", $$); sleep 0.01; pid = fork { exit 7 }; Process.wait pid
        puts $?.exitstatus, ObjectSpace.count_objects.key?(:TOTAL), GC.start.inspect
END""",
    "ocaml": r"""
        cat >a.ml <<'END'
        let rec fib n = if n < 2 then n else fib (n - 1) + fib (n - 2)
        let () = Printf.printf "%d %.17g %d %Ld\n" (fib 22) (sin 1e5 ** 0.3) (-7 / 2)
            (Int64.mul 1234567890123L 987654321L)
        module M = Map.Make (String)
        let () = let m = ref M.empty in for i = 0 to 3000 do m := M.add (string_of_int (i * 7919 mod 2011)) i !m done;
          Printf.printf "%d %d\n" (M.cardinal !m) (M.find "77" !m)
        let () = try ignore (1 / (fib 0)) with Division_by_zero -> print_endline "zero"
        let () = Random.init 42; for _ = 1 to 5 do Printf.printf "%d " (Random.bits ()) done;
          Printf.printf "%h %s\n" (Random.float 1.0) (Digest.to_hex (Digest.string "abc"))
END
        arm /usr/bin/ocamlrun $TREE/usr/bin/ocaml -nostdlib -I $TREE/usr/lib/ocaml a.ml""",
    "gforth": r"""
        gforth-fast -e ': fib dup 2 < if drop 1 else dup 1- recurse swap 2 - recurse + then ; 24 fib . 
            : h 0e 1000 0 do i 1+ s>f 1/f f+ loop ; h 17 set-precision fdup fe. f. 123456789 1000 77 */mod . .
            : t 0 100000 0 do i xor 3 * loop ; t u. -7 2 / . -7 3 mod . 2e fsqrt fs. cr bye'""",
    "c++-compiler": r"""
        cat >a.cc <<'END'
        #include <algorithm>
        #include <iostream>
        #include <map>
        #include <memory>
        #include <numeric>
        #include <random>
        #include <string>
        #include <thread>
        #include <vector>
        #include <future>
        #include <iomanip>
        template <int N> struct F { static constexpr long long v = F<N - 1>::v + F<N - 2>::v; };
        template <> struct F<0> { static constexpr long long v = 0; }; template <> struct F<1> {
            static constexpr long long v = 1; };
        int main() {
            std::mt19937_64 r(42); std::normal_distribution<double> d; std::vector<double> a(5000);
            for (auto &x : a) x = d(r); std::sort(a.begin(), a.end());
            std::cout << std::setprecision(17) << a[7] << ' ' << std::accumulate(a.begin(), a.end(), 0.0) << ' '
                      << F<80>::v << '\n';
            std::map<std::string, int> m; for (int i = 0; i < 3000; i++) m[std::to_string(i * 7919 % 2011)] += i;
            std::cout << m.size() << m["77"] << m["1999"] << '\n';
            std::vector<std::future<long>> f; for (int t = 0; t < 4;
                t++) f.push_back(std::async(std::launch::async, [t] {
                long s = 0; for (int i = 0; i < 100000; i++) s = s * 31 + i * t; return s; }));
            for (auto &x : f) std::cout << x.get() << ' ';
            try { throw std::runtime_error("thrown"); } catch (std::exception &e) { std::cout << e.what() << '\n'; }
        }
END
        for level in 0 2; do
            arm /usr/lib/gcc/arm-linux-gnueabi/12/cc1plus -quiet -Wno-psabi -O$level -D_GNU_SOURCE -isysroot $TREE \
                -nostdinc -isystem $TREE/usr/include/c++/12 -isystem $TREE/usr/include/arm-linux-gnueabi/c++/12 \
                -isystem $TREE/usr/lib/gcc/arm-linux-gnueabi/12/include -isystem $TREE/usr/include/arm-linux-gnueabi \
                -isystem $TREE/usr/include a.cc -o a.s && sum <a.s
            arm-linux-gnueabi-as a.s -o a.o && sum <a.o
            lib=$TREE/usr/lib/arm-linux-gnueabi gcc=$TREE/usr/lib/gcc/arm-linux-gnueabi/12
            arm-linux-gnueabi-ld.bfd --sysroot=$TREE/ -dynamic-linker /lib/ld-linux.so.3 -o a \
                $lib/crt1.o $lib/crti.o $gcc/crtbegin.o a.o \
                $lib/libstdc++.so.6 $lib/libm.so.6 $lib/libgcc_s.so.1 $lib/libc.so.6 $lib/libc_nonshared.a \
                $gcc/libgcc.a -rpath-link $lib $gcc/crtend.o $lib/crtn.o && arm ./a
        done""",
    "clang": r"""
        cat >a.c <<'END'
        double f(double *a, int n) { double s = 0; for (int i = 0; i < n;
            i++) s += a[i] * a[n - 1 - i] / (i + 1); return s; }
        unsigned g(unsigned x) { switch (x % 9) { case 0: return x * 7; case 1: return x / 3;
            case 4: return x ^ 99; case 7: return x << 3; } return g(x / 2) + 1; }
        long long h(long long a, long long b) { return b ? a / b + a % b * (a >> 3) : __builtin_popcountll(a); }
END
        for level in 1 3; do
            for target in armv6-linux-gnueabi armv7a-linux-gnueabihf aarch64-linux x86_64-linux riscv64-linux; do
            arm /usr/lib/llvm-14/bin/clang -cc1 -triple $target -O$level -S a.c -o - | sum; done; done""",
    "java": r"""
        cat >a.java <<'END'
        import java.math.*; import java.util.*; import java.util.concurrent.*;
            import java.util.concurrent.atomic.*; import java.util.stream.*;
        public class a { static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
            public static void main(String[] x) throws Exception {
                System.out.println(fib(18) + " " + BigInteger.TWO.pow(300).mod(BigInteger.valueOf(1000003)) + " "
                    + Math.sin(1e5) + " " + 1 / 3f);
                Random r = new Random(42); double s = 0; for (int i = 0; i < 1000; i++) s += r.nextGaussian();
                    System.out.println(s);
                ExecutorService e = Executors.newFixedThreadPool(4); AtomicLong n = new AtomicLong();
                    Object lock = new Object(); int[] k = {0};
                List<Future<?>> f = new ArrayList<>(); for (int t = 0; t < 8; t++) f.add(e.submit(() -> {
                    for (int i = 0; i < 500; i++) {
                    n.incrementAndGet(); synchronized (lock) { k[0]++; } } })); for (Future<?> y : f) y.get();
                        e.shutdown();
                System.out.println(n + " " + k[0] + " " + IntStream.range(0, 2000)
                    .mapToObj(i -> "k" + i % 77).collect(Collectors.toSet()).size());
                try { Object o = null; o.hashCode(); } catch (NullPointerException z) { System.out.println("null"); }
                try { System.out.println(1 / (k[0] - k[0])); } catch (ArithmeticException z) {
                    System.out.println(z.getMessage()); }
                System.out.println(Long.MIN_VALUE / -1 + " " + (int) 1e20 + " " + (long) Float.NaN + " " + -7 % 3 + " "
                    + (5 >>> 33) + " " + Double.toHexString(0.1));
            } }
END
        java=/usr/lib/jvm/java-17-openjdk-armel/bin/java
        arm $java -Xshare:off -Xmx64m -cp $TREE/usr/lib/jvm/java-17-openjdk-armel/lib/jrt-fs.jar a.java""",
    "node": r"""
        node -e '
        let s = 0; for (let i = 1; i < 300000; i++) s += Math.sin(i) / i;
            console.log(s, 2n ** 200n, 1 / 3, (0.1).toFixed(20));
        let m = new Map(); for (let i = 0; i < 5000; i++) m.set("k" + i * 7919 % 3011, i);
            console.log(m.size, m.get("k77"));
        console.log(require("crypto").createHash("sha256").update("abc").digest("hex"),
            require("zlib").deflateSync("x".repeat(1000)).length);
        let f = new Float32Array(64); for (let k = 0; k < 3000; k++) for (let i = 0; i < 64;
            i++) f[i] = f[i] * 0.7 + i / (k + 1); console.log(f[63]);
        let text = "require(\"worker_threads\").parentPort.postMessage(6 * 7)";
        let w = new (require("worker_threads").Worker)(text, { eval: true }); w.on("message", x => console.log(x));'""",
    "mono": r"""
        cat >a.cs <<'END'
        using System; using System.Collections.Generic; using System.Linq; using System.Threading;
            using System.Threading.Tasks; using System.Numerics;
        class A { struct V { public double x, y; public V(double a, double b) { x = a; y = b; } } static int n;
            static int Fib(int n) { return n < 2 ? n : Fib(n - 1) + Fib(n - 2); }
            static void Main() {
                Console.WriteLine(Fib(22) + " " + Math.Sin(1e5).ToString("R") + " " + (1f / 3).ToString("R") + " "
                    + long.MaxValue / 1000003 + " " + -7 % 3);
                var d = new Dictionary<string, int>(); for (int i = 0; i < 5000;
                    i++) d["k" + i * 7919 % 3011] = i; Console.WriteLine(d.Count + " " + d["k77"]);
                var t = Enumerable.Range(0, 4).Select(k => new Thread(() => { for (int i = 0; i < 2000;
                    i++) Interlocked.Increment(ref n); })).ToList();
                t.ForEach(x => x.Start()); t.ForEach(x => x.Join()); Console.WriteLine(n);
                V v = new V(1, 2); for (int i = 0; i < 100000; i++) v = new V(v.y * 0.5 + i, v.x - i % 7);
                    Console.WriteLine(v.x.ToString("R") + v.y.ToString("R"));
                try { object o = null; o.ToString(); } catch (NullReferenceException) { Console.WriteLine("null"); }
                try { int z = n - n; Console.WriteLine(1 / z); } catch (DivideByZeroException) {
                    Console.WriteLine("zero"); }
                ulong u = 1; for (int i = 0; i < 3000;
                    i++) u = u * 6364136223846793005UL + 1442695040888963407UL;
                    Console.WriteLine(u + " " + u / 1000003 + " " + (double) u + " " + unchecked((int) u)
                        + " " + (float) u);
                Console.WriteLine(Parallel.For(0, 100, i => {
                    }).IsCompleted + " " + new Random(42).Next() + " " + 0.1m * 3 + " " + decimal.MaxValue / 7);
            } }
END
        export MONO_PATH=$TREE/usr/lib/mono/4.5 MONO_CFG_DIR=$TREE/etc
        mono-sgen $TREE/usr/lib/mono/4.5/mcs.exe -out:a.exe -r:System.Core.dll a.cs && mono-sgen a.exe""",
    "ecl": r"""
        ecl --norc --eval '(progn (defun fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
            (print (fib 18)) (print (expt 3 200))
        (print (/ (expt 2 70) (expt 3 40))) (print (sin 1d5)) (print (handler-case (/ 1 0)
            (division-by-zero () :zero))) (terpri) (ext:quit 0))'""",
    "z3": r"""
        z3 -in <<'END'
        (declare-const x (_ BitVec 32)) (declare-const y (_ BitVec 32)) (assert (= (bvmul x y) #x0f1e2d3b))
            (assert (bvugt x #x00000010))
        (assert (bvugt y #x00001000)) (check-sat) (get-model) (reset) (declare-const a Real)
            (assert (= (* a a a) 2.0)) (check-sat) (get-model) (reset)
        (declare-const p Int) (declare-const q Int) (assert (= (+ (* 17 p) (* 23 q)) 1001)) (assert (> p 3))
            (assert (> q 3)) (check-sat) (get-model)
        (reset) (declare-const f (_ FloatingPoint 8 24)) (assert (fp.eq (fp.mul RNE f f)
            ((_ to_fp 8 24) RNE 2.25))) (check-sat) (get-value (f))
END""",
    "pcre-jit": r"""
        text in 5000; grep -cP '^(\d+) (?=\d*7)(\d+) line (1[0-2]|[3-5])$' in;
            grep -oP '(?<=line )\d$' in | sum; grep -P '(\d)\1{2}' in | sum
        grep -cP '^(?:(\d)(?!.*\1))+ ' in
        cat >a <<'END'
/(a+|b+c)*d(?<n>x|y)\k<n>/jit
    aabcaadxx
    bbd
/\b(\w)(\w)?(\w)?\w?\3?\2\1\b/jit,g
    racecar noon deed kayak xyz
/(?i)straße|ΜΆΪΟΣ/jit,utf
    STRASSE straSSE μάϊος
/^(\((?:[^()]|(?1))*\))$/jit
    (a(b)c(d(e)))
    (a(b)c(d(e))
END
        pcre2test -q -jit a""",
    "ghostscript": r"""
        cat >a.ps <<'END'
%!PS
100 100 moveto 200 300 400 100 300 500 curveto 5 setlinewidth stroke
1 1 50 { /i exch def i 50 div setgray i 10 mul 200 moveto 20 i rlineto 10 20 rlineto closepath fill } for
/fib { dup 2 lt { pop 1 } { dup 1 sub fib exch 2 sub fib add } ifelse } def
18 fib = 2 sqrt = 1 3 div = 100 ln = 1 0 0 setrgbcolor 300 600 100 0 270 arc fill showpage
END
        for device in png16m pbmraw jpeg; do
            gs -q -dSAFER -dBATCH -dNOPAUSE -sPAPERSIZE=a4 -r40 -sDEVICE=$device -sOutputFile=out a.ps
            sum <out
        done""",
    "povray": r"""
        cat >a.pov <<'END'
#version 3.7; global_settings { assumed_gamma 1.0 } camera { location <0, 2, -5> look_at 0 } light_source {
    <5, 9, -9> color rgb 1 }
sphere { 0, 1 pigment { color rgb <0.8, 0.3, 0.2> } finish { phong 0.7 reflection 0.3 } } plane {
    y, -1 pigment { checker rgb 1 rgb 0 } }
torus { 1.5, 0.2 rotate x * 50 pigment { marble turbulence 0.7 } normal { bumps 0.4 scale 0.1 } }
END
        povray +Ia.pov +Oout.ppm +FP +W80 +H60 -D +WT1 +A0.3 >log 2>&1 || tail -n 4 log; grep -av '^#' out.ppm | sum""",
    "glpk": r"""
        awk 'BEGIN { print "var x{1..30}, >= 0, <= 9, integer; maximize z: "; for (i = 1; i <= 30;
            i++) printf "+%d*x[%d]", i * 37 % 53 + 1, i
            print ";"; for (c = 1; c <= 8; c++) { printf "s.t. c%d: ", c; for (i = 1; i <= 30;
                i++) printf "+%d*x[%d]", (i * c * 17) % 29 + 1, i
            printf " <= %d;\n", 400 + 13 * c }; print "solve; display z, x; end;" }' >a.mod
        glpsol --math a.mod | grep -v -e Time -e Memory -e '^+' """,
    "nettle": r"""data in 200; for h in md5 sha1 sha256 sha512 sha3_256 ripemd160 gosthash94;
        do nettle-hash -a $h in; done""",
}
