#include "measure/energy.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "testing/recorded_tree.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using std::chrono::milliseconds;

const std::string kData = OCTET_SOURCE_DIR "/tests/data/machine/";

std::string no_pmic() { return "error=1 error_msg=\"Command not registered\"\n"; }

std::string pi5() {
  std::ifstream file(kData + "pmic_read_adc.txt");
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

// The rails with both readings; the 5 V input has no current.
TEST(Energy, ThePmicOfARaspberryPi5) {
  const auto watts = pmic_watts(pi5());
  ASSERT_TRUE(watts);
  EXPECT_NEAR(*watts, 0.1 * 3.7 + 0.2 * 3.3 + 0.25 * 1.8 + 1.08053 * 0.721782, 1e-6);
  const auto source = find_energy_source(SystemFiles("/no/such/root"), pi5);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->name, "PMIC");
  EXPECT_EQ(source->watts(), watts);
}

TEST(Energy, OtherTextIsNoPmic) {
  for (const std::string& text :
       {std::string(), no_pmic(), std::string("VDD_CORE_A current(7)=1.0A\n"),
        std::string("VDD_CORE_A current(7)=-1.0A\nVDD_CORE_V volt(15)=0.7V\n"),
        std::string("VDD_CORE_A current(7)=nanA\nVDD_CORE_V volt(15)=0.7V\n"),
        std::string("VDD_CORE_A current(7)=1.0V\nVDD_CORE_V volt(15)=0.7V\n"),
        std::string("VDD_CORE_A current(7)=1e9A\nVDD_CORE_V volt(15)=0.7V\n"), std::string("_A ="),
        std::string("=\n_\n A=\n")})
    EXPECT_FALSE(pmic_watts(text)) << text;
}

TEST(Energy, AnInaSensorThatDoesNotLie) {
  const RecordedTree tree(kData + "ina219.txt");
  const auto source = find_energy_source(SystemFiles(tree.root()), no_pmic);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->name, "ina226") << "the ina219 before it says 0 W, and the nvme is none";
  EXPECT_NEAR(source->watts().value_or(0), 4.375, 1e-9);
}

TEST(Energy, RaplCountsPackagesAndGoesOnAfterItsEnd) {
  const TemporaryFolder folder;
  const fs::path rapl = folder / "sys/class/powercap";
  write(rapl / "intel-rapl:0/energy_uj", "999000000\n");
  write(rapl / "intel-rapl:0/max_energy_range_uj", "1000000000\n");
  write(rapl / "intel-rapl:0:0/energy_uj", "77\n");  // cores, which are part of the package
  write(rapl / "intel-rapl:1/energy_uj", "5000000\n");
  write(rapl / "intel-rapl:0/name", "package-0\n");
  write(rapl / "intel-rapl:1/name", "package-1\n");
  const auto source = find_energy_source(SystemFiles(folder.path()), pi5);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->name, "RAPL");
  EnergyMeter meter(*source);
  write(rapl / "intel-rapl:0/energy_uj", "2000000\n");
  write(rapl / "intel-rapl:1/energy_uj", "6000000\n");
  write(rapl / "intel-rapl:0:0/energy_uj", "7700000000\n");
  const EnergyUse use = meter.stop();
  EXPECT_NEAR(use.joules, 3 + 1, 1e-9);
  EXPECT_GT(use.seconds, 0);
}

// The zone of the whole platform counts the package once more.
TEST(Energy, RaplCountsNothingTwice) {
  const TemporaryFolder folder;
  const fs::path rapl = folder / "sys/class/powercap";
  const auto joules = [&] {
    const auto source = find_energy_source(SystemFiles(folder.path()), no_pmic);
    EnergyMeter meter(source.value());
    write(rapl / "intel-rapl:0/energy_uj", "9000000\n");
    write(rapl / "intel-rapl:1/energy_uj", "4000000\n");
    return meter.stop().joules;
  };
  const auto reset = [&] {
    write(rapl / "intel-rapl:0/energy_uj", "0\n");
    write(rapl / "intel-rapl:1/energy_uj", "0\n");
  };
  reset();
  write(rapl / "intel-rapl:0/name", "psys\n");
  write(rapl / "intel-rapl:1/name", "package-0\n");
  EXPECT_NEAR(joules(), 4, 1e-9);
  reset();
  write(rapl / "intel-rapl:1/name", "other\n");
  EXPECT_NEAR(joules(), 9, 1e-9) << "without a package the first zone counts";
}

// Of root alone, as on most systems.
TEST(Energy, CountersThatCannotBeReadAreNone) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "sys/class/powercap/intel-rapl:0/energy_uj");
  EXPECT_FALSE(find_energy_source(SystemFiles(folder.path()), no_pmic));
}

// Some counters start again every few minutes.
TEST(Energy, RaplSeesEachEndOfALongRun) {
  const TemporaryFolder folder;
  const fs::path zone = folder / "sys/class/powercap/intel-rapl:0";
  const auto count = [&](const char* microjoules) {
    write(zone / "next", microjoules);
    fs::rename(zone / "next", zone / "energy_uj");
  };
  write(zone / "max_energy_range_uj", "10000000");
  write(zone / "name", "package-0");
  count("1000000");
  auto source = find_energy_source(SystemFiles(folder.path()), no_pmic).value();
  EXPECT_EQ(source.period, milliseconds(60'000));
  source.period = milliseconds(5);
  EnergyMeter meter(source);
  for (const char* now : {"9000000", "1000000", "9000000", "1000000"}) {
    std::this_thread::sleep_for(milliseconds(60));
    count(now);
  }
  EXPECT_NEAR(meter.stop().joules, 20, 1e-9) << "twice around";
}

// Of a virtual machine.
TEST(Energy, OfACounterThatStandsStillNothingIsKnown) {
  EnergyMeter still({.name = "fake", .joules = [] { return std::optional(7.0); }, .watts = {}});
  std::this_thread::sleep_for(milliseconds(150));
  EXPECT_FALSE(still.stop().watts());
}

TEST(Energy, OfAMeterThatCannotBeReadNothingIsKnown) {
  int readings = 0;
  EnergyMeter counter(
      {.name = "fake",
       .joules = [&] { return readings++ == 0 ? std::optional(7.0) : std::nullopt; },
       .watts = {}});
  EXPECT_FALSE(counter.stop().watts());
  EnergyMeter watts(
      {.name = "fake", .joules = {}, .watts = [] { return std::optional<double>(); }});
  EXPECT_FALSE(watts.stop().watts());
}

// The sensor shows an idle machine between two pieces of work.
TEST(Energy, OfOneOfManyCallsIsThatOfTheWork) {
  std::atomic<bool> busy = false;
  const EnergySource source{.name = "fake",
                            .joules = {},
                            .watts = [&] { return std::optional(busy ? 10.0 : 1.0); },
                            .period = milliseconds(50)};
  const auto work = [&] {
    busy = true;
    std::this_thread::sleep_for(milliseconds(20));
    busy = false;
  };
  EXPECT_NEAR(joules_of(source, work).value_or(0), 10 * 0.02, 0.04);
}

TEST(Energy, AToolThatHangsIsGivenUp) {
  const TemporaryFolder folder;
  write(folder / "vcgencmd", "#!/bin/sh\nexec sleep 20\n");
  fs::permissions(folder / "vcgencmd", fs::perms::owner_all);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (folder.path().string() + ":" + path).c_str(), 1);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run_pmic_read_adc(), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  ::setenv("PATH", path.c_str(), 1);
}

TEST(Energy, WattsAreSummedOverTime) {
  std::atomic<double> watts = 2;
  EnergyMeter meter({.name = "fake",
                     .joules = {},
                     .watts = [&] { return std::optional(watts.load()); },
                     .period = milliseconds(5)});
  std::this_thread::sleep_for(milliseconds(100));
  watts = 6;
  std::this_thread::sleep_for(milliseconds(100));
  const EnergyUse use = meter.stop();
  EXPECT_GE(use.seconds, 0.2);
  EXPECT_GT(use.watts(), 2.2);
  EXPECT_LT(use.watts().value_or(9), 5.8);
  EXPECT_EQ(meter.stop().joules, use.joules);
}

TEST(Energy, AReadingThatFailsRepeatsTheLast) {
  int readings = 0;
  EnergyMeter meter(
      {.name = "fake",
       .joules = {},
       .watts = [&] { return readings++ % 3 < 2 ? std::optional(3.0) : std::nullopt; },
       .period = milliseconds(5)});
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_NEAR(meter.stop().watts().value_or(0), 3, 0.05);
}

}  // namespace
}  // namespace octet
