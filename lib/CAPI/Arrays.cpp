// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/CAPI/Arrays.h"

#include "dialects/PUM/PUM.h"
#include "dialects/Simulator/Simulator.h"
#include "lib/Cost/CostModel.h"
#include "lib/Device/Device.h"
#include "lib/Model/Crossbar/EffectiveWeights.h"
#include "lib/Model/Crossbar/Grid.h"
#include "lib/Support/Locations.h"
#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Support.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <string>

using namespace mlir;
using namespace pumice;

void pumiceModuleMatrices(MlirModule module, MlirStringCallback callback,
                          void *user) {
  // Numbers as lib/Interpreter/Program.cpp gives them.
  llvm::DenseMap<Operation *, int64_t> numbers;
  llvm::json::Array layers;
  unwrap(module).walk([&](Operation *op) {
    if (auto program = dyn_cast<simulator::ProgramOp>(op))
      numbers.try_emplace(op, program.getMatrix().value_or(numbers.size()));
    auto mvm = dyn_cast<simulator::MVMOp>(op);
    auto program =
        mvm ? mvm.getGrid().getDefiningOp<simulator::ProgramOp>() : nullptr;
    if (!program)
      return;
    FailureOr<TaskWork> work =
        cast<TaskOpInterface>(program.getOperation()).getTaskWork();
    if (failed(work))
      return;
    const model::MatrixSpec matrix =
        specOf(std::get<ProgramTask>(*work).grid).matrix;
    const Place place = placeOf(op->getLoc());
    const bool isConstant =
        program.getWeights().getDefiningOp<simulator::ConstantOp>() != nullptr;
    layers.push_back(llvm::json::Object{
        {"node", place.node},
        {"layer", place.layer},
        {"group", program.getPlacement().getGroup()},
        {"groups", matrix.groupsOfWhole()},
        {"rows", matrix.rowsOfWhole()},
        {"columns", matrix.columnsOfWhole()},
        {"weight_bits", matrix.weightBits},
        {"input_bits", matrix.inputBits},
        {"input_signed", matrix.inputSigned},
        {"adc_range", matrix.adcRange},
        {"number", numbers.lookup(program)},
        {"input_zero_point", static_cast<int64_t>(mvm.getInputZeroPoint())},
        {"weight_zero_point", static_cast<int64_t>(mvm.getWeightZeroPoint())},
        {"is_constant", isConstant}});
  });
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(layers));
  callback(wrap(StringRef(text)), user);
}

static model::MatrixSpec toMatrix(const PumiceMatrix &matrix) {
  model::MatrixSpec spec;
  spec.groups = matrix.groups;
  spec.rows = matrix.rows;
  spec.columns = matrix.columns;
  spec.weightBits = matrix.weightBits;
  spec.inputBits = matrix.inputBits;
  spec.inputSigned = matrix.inputSigned;
  spec.adcRange = matrix.adcRange;
  spec.layer = matrix.layer;
  return spec;
}

static llvm::Expected<model::ArraySpec>
arraysOf(MlirAttribute device, MlirStringRef group, int64_t seed) {
  auto attr = dyn_cast_or_null<pum::DeviceAttr>(unwrap(device));
  if (!attr)
    return llvm::createStringError("expected a #pum.device");
  const crossbar::CrossbarArrayAttr array = arrayOf(attr, unwrap(group));
  if (!array)
    return llvm::createStringError(
        "expected a group of crossbar arrays, got '" + unwrap(group).str() +
        "'");
  model::ArraySpec spec = toSpec(array);
  if (seed >= 0 && spec.analog)
    spec.analog->seed = seed;
  return spec;
}

static llvm::Expected<model::Value> toValue(const PumiceTensor &tensor) {
  return model::Value::borrow(
      static_cast<model::ElementType>(tensor.elementType),
      ArrayRef(tensor.shape, tensor.rank), tensor.data, nullptr);
}

template <typename T>
static T failWith(llvm::Error problem, MlirStringCallback error,
                  void *errorUser, T result) {
  const std::string text = llvm::toString(std::move(problem));
  error(wrap(StringRef(text)), errorUser);
  return result;
}

static llvm::Expected<model::Grid> programmed(MlirAttribute device,
                                              MlirStringRef group,
                                              const PumiceMatrix &matrix,
                                              const PumiceTensor &weights) {
  llvm::Expected<model::ArraySpec> array = arraysOf(device, group, matrix.seed);
  if (!array)
    return array.takeError();
  llvm::Expected<model::Value> value = toValue(weights);
  if (!value)
    return value.takeError();
  return model::Grid::program(*array, toMatrix(matrix), *value,
                              model::WeightLayout::filters);
}

PumiceGrid pumiceGridCreate(MlirAttribute device, MlirStringRef group,
                            PumiceMatrix matrix, PumiceTensor weights,
                            MlirStringCallback error, void *errorUser) {
  llvm::Expected<model::Grid> grid = programmed(device, group, matrix, weights);
  if (!grid)
    return failWith(grid.takeError(), error, errorUser, PumiceGrid{nullptr});
  return {new model::Grid(std::move(*grid))};
}

void pumiceGridDestroy(PumiceGrid grid) {
  delete static_cast<model::Grid *>(grid.ptr);
}

bool pumiceGridCompute(PumiceGrid grid, PumiceTensor x, PumiceWindow window,
                       int64_t inputZeroPoint, int64_t weightZeroPoint,
                       PumiceTensor y, unsigned threads,
                       MlirStringCallback error, void *errorUser) {
  llvm::Expected<model::Value> input = toValue(x), output = toValue(y);
  if (!input || !output)
    return failWith(llvm::joinErrors(input.takeError(), output.takeError()),
                    error, errorUser, false);
  if (input->rank() != 4)
    return failWith(llvm::createStringError("expected inputs of rank 4, got " +
                                            llvm::Twine(input->rank())),
                    error, errorUser, false);
  model::Window spec;
  spec.batch = input->shape()[0];
  spec.channels = input->shape()[1];
  spec.height = input->shape()[2];
  spec.width = input->shape()[3];
  for (int d = 0; d < 2; ++d) {
    spec.kernel[d] = window.kernel[d];
    spec.strides[d] = window.strides[d];
    spec.dilations[d] = window.dilations[d];
  }
  const int64_t out[2] = {window.outHeight, window.outWidth};
  const int64_t before[2] = {window.padTop, window.padLeft};
  const int64_t size[2] = {spec.height, spec.width};
  int64_t after[2];
  for (int d = 0; d < 2; ++d) // what the last position reads past the end
    after[d] = std::max<int64_t>((out[d] - 1) * spec.strides[d] +
                                     (spec.kernel[d] - 1) * spec.dilations[d] +
                                     1 - before[d] - size[d],
                                 0);
  spec.padTop = before[0];
  spec.padLeft = before[1];
  spec.padBottom = after[0];
  spec.padRight = after[1];
  spec.outHeight = out[0];
  spec.outWidth = out[1];
  if (llvm::Error problem = static_cast<model::Grid *>(grid.ptr)->compute(
          *input, spec, inputZeroPoint, weightZeroPoint, *output, threads))
    return failWith(std::move(problem), error, errorUser, false);
  return true;
}

bool pumiceEffectiveWeights(MlirAttribute device, MlirStringRef group,
                            PumiceMatrix matrix, PumiceTensor weights,
                            unsigned threads, float *out,
                            double *conversionGain, MlirStringCallback error,
                            void *errorUser) {
  llvm::Expected<model::ArraySpec> array = arraysOf(device, group, matrix.seed);
  if (!array)
    return failWith(array.takeError(), error, errorUser, false);
  // A grid for its checks of the matrix; this one needs no cells.
  model::ArraySpec unlimited = *array;
  unlimited.analog.reset();
  unlimited.adcMode = model::AdcMode::lossless;
  llvm::Expected<model::Value> value = toValue(weights);
  if (!value)
    return failWith(value.takeError(), error, errorUser, false);
  const model::MatrixSpec spec = toMatrix(matrix);
  llvm::Expected<model::Grid> checked = model::Grid::program(
      unlimited, spec, *value, model::WeightLayout::filters);
  if (!checked)
    return failWith(checked.takeError(), error, errorUser, false);
  const model::WeightReader reader(spec, *value, model::WeightLayout::filters);
  model::effectiveWeights(*array, spec, checked->tiling(), reader, threads,
                          {out, static_cast<size_t>(value->numElements())});
  *conversionGain = model::conversionGain(*array, spec, checked->tiling());
  return true;
}
